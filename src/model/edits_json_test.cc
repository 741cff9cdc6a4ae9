#include "model/edits_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Of any file: its name and the tensor's, and [1, 2] of ones; "none" and
// "empty" are other than that.
Result<Tensor> FakeTensor(const std::string& file, const std::string& name) {
  if (name == "none") return ModelError("edits: " + file + ": has no tensor");
  Tensor tensor({1, name == "empty" ? 0u : 2u});
  for (float& value : tensor.data) value = 1;
  return tensor;
}

ModelInfo TinyInfo() {
  ModelInfo info;
  info.architecture = "llama";
  info.hash = "12ab";
  return info;
}

Result<std::vector<Edit>> Parse(const std::string& text) {
  PELLUCID_ASSIGN_OR_RETURN(const JsonFile json,
                            JsonFile::Parse(text, "f.json"));
  return ParseEdits(json, TinyInfo(), FakeTensor);
}

std::string Document(const std::string& edits) {
  return R"({"schema": "pellucid.edits/1", "edits": [)" + edits + "]}";
}

// The one edit with these keys beside its site.
Edit One(const std::string& keys) {
  const auto edits = Parse(Document(R"({"site": "s", )" + keys + "}"));
  if (!edits.ok() || edits->size() != 1) {
    ADD_FAILURE() << (edits.ok() ? "not one" : edits.error().message);
    return {};
  }
  return edits->front();
}

std::string Problem(const std::string& text) {
  const auto edits = Parse(text);
  if (edits.ok()) return "no error";
  EXPECT_EQ(edits.error().code, ErrorCode::kModel);
  EXPECT_EQ(edits.error().message.find('\n'), std::string::npos);
  return edits.error().message;
}

// The problem of an edit of these keys.
std::string ProblemOf(const std::string& keys) {
  return Problem(Document("{" + keys + "}"));
}

TEST(EditsJsonTest, EveryKeyIsRead) {
  const Edit noise = One(R"("kind": "noise", "factor": -0.5,
      "positions": "1:3,-1", "keys": "0", "heads": [3, 1], "features": [2],
      "prompts": [0, 4], "when": "both", "seed": 18446744073709551615)");
  EXPECT_EQ(noise.site, "s");
  EXPECT_EQ(noise.kind, EditKind::kNoise);
  EXPECT_EQ(noise.factor, -0.5f);
  EXPECT_EQ(noise.scope.positions.Text(), "1:3,-1");
  EXPECT_EQ(noise.scope.keys.Text(), "0");
  EXPECT_THAT(noise.scope.heads, ElementsAre(3, 1));
  EXPECT_THAT(noise.scope.features, ElementsAre(2));
  EXPECT_THAT(noise.scope.prompts, ElementsAre(0, 4));
  EXPECT_EQ(noise.scope.when, EditWhen::kBoth);
  EXPECT_EQ(noise.seed, std::numeric_limits<std::uint64_t>::max());

  const Edit clamp =
      One(R"("kind": "clamp", "low": -1, "high": 2.5, "text": " caf\u00e9")");
  EXPECT_EQ(clamp.low, -1);
  EXPECT_EQ(clamp.high, 2.5f);
  EXPECT_EQ(clamp.scope.text, " caf\u00E9");
  EXPECT_EQ(clamp.scope.when, std::nullopt);
  EXPECT_TRUE(clamp.scope.positions.IsDefault());
}

TEST(EditsJsonTest, WhatIsLeftOutIsAsInTheLibrary) {
  const Edit edit = One(R"("kind": "add", "values": [1])");
  EXPECT_EQ(edit.factor, 1);
  EXPECT_EQ(edit.seed, 0u);
  EXPECT_THAT(edit.scope.heads, IsEmpty());
  EXPECT_EQ(One(R"("kind": "clamp", "low": 0)").high, kInfinity);
  EXPECT_EQ(One(R"("kind": "clamp", "high": 0)").low, -kInfinity);
  EXPECT_THAT(*Parse(Document("")), IsEmpty());
}

TEST(EditsJsonTest, ListsAreArrays) {
  const auto values = [](const std::string& json) {
    return One(R"("kind": "replace", "values": )" + json).values;
  };
  EXPECT_THAT(values("[1, 2.5, -3e-2]").shape, ElementsAre(3));
  EXPECT_THAT(values("[1, 2.5, -3e-2]").data, ElementsAre(1, 2.5f, -0.03f));
  const Tensor matrices = values("[[[1, 2]], [[3, 4]], [[5, 6]]]");
  EXPECT_THAT(matrices.shape, ElementsAre(3, 1, 2));
  EXPECT_THAT(matrices.data, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(values(R"({"tensor": "t", "file": "f"})").shape,
              ElementsAre(1, 2));
}

TEST(EditsJsonTest, ListsThatAreNoArrays) {
  const auto problem = [](const std::string& json) {
    return ProblemOf(R"("site": "s", "kind": "replace", "values": )" + json);
  };
  for (const char* ragged :
       {"[[1, 2], [3]]", "[1, [2]]", "[[1], 2]", "[[[1]], [2]]", "[[1], [[2]]]",
        "[[[1], [2]], [[3]]]"}) {
    EXPECT_EQ(problem(ragged),
              "edits: f.json: edit 0: \"values\" is no array: lists of one "
              "depth must be of one length")
        << ragged;
  }
  EXPECT_THAT(problem("[]"), HasSubstr("holds an empty list"));
  EXPECT_THAT(problem("[[], []]"), HasSubstr("holds an empty list"));
  EXPECT_THAT(problem("[[[[1]]]]"), HasSubstr("nested deeper than 3 lists"));
  EXPECT_THAT(problem("[1, null]"), HasSubstr("neither a number nor a list"));
  EXPECT_THAT(problem("[\"1\"]"), HasSubstr("neither a number nor a list"));
  EXPECT_THAT(problem("[1e39]"), HasSubstr("holds 1e+39, which is beyond"));
  EXPECT_THAT(problem("3"), HasSubstr("is neither a list of numbers nor {"));
  EXPECT_THAT(problem(R"({"file": "f"})"), HasSubstr("names no tensor; "));
  EXPECT_THAT(problem(R"({"tensor": "f"})"), HasSubstr("names no file; "));
  EXPECT_THAT(problem(R"({"file": "f", "name": "t"})"),
              HasSubstr("has a key \"name\" that is unknown"));
  EXPECT_THAT(problem(R"({"file": "f", "tensor": 3})"),
              HasSubstr("has a key \"tensor\""));
  EXPECT_EQ(problem(R"({"file": "f", "tensor": "none"})"),
            "edits: f: has no tensor");
  EXPECT_THAT(problem(R"({"file": "f", "tensor": "empty"})"),
              HasSubstr("names tensor \"empty\", which has no elements"));
}

TEST(EditsJsonTest, DocumentsThatAreNone) {
  EXPECT_THAT(Problem("[]"), HasSubstr("edits: f.json: is no object; write"));
  EXPECT_EQ(Problem(R"({"edits": []})"),
            "edits: f.json: has no \"schema\"; write \"pellucid.edits/1\" if "
            "it is a file of edits");
  EXPECT_EQ(Problem(R"({"schema": "pellucid.edits/2", "edits": []})"),
            "edits: f.json: is of schema \"pellucid.edits/2\"; this program "
            "reads \"pellucid.edits/1\"");
  EXPECT_THAT(Problem(R"({"schema": 1, "edits": []})"),
              HasSubstr("is of schema \"(no text)\""));
  EXPECT_THAT(Problem(R"({"schema": "pellucid.edits/1"})"),
              HasSubstr("has no \"edits\"; give them as a list"));
  EXPECT_THAT(Problem(R"({"schema": "pellucid.edits/1", "edits": {}})"),
              HasSubstr("\"edits\" is no list"));
  EXPECT_EQ(Problem(R"({"schema": "pellucid.edits/1", "edit": []})"),
            "edits: f.json: unknown key \"edit\"; there are schema, model and "
            "edits");
  EXPECT_THAT(Problem(R"({"edits": [], "edits": []})"),
              HasSubstr("\"edits\" stands twice"));
  EXPECT_THAT(Problem("{"), HasSubstr("f.json: is not valid JSON"));
}

TEST(EditsJsonTest, EditsThatAreNone) {
  EXPECT_THAT(Problem(Document("3")), HasSubstr("edit 0: is no object"));
  EXPECT_EQ(ProblemOf(R"("site": "s", "knd": "zero")"),
            "edits: f.json: edit 0: unknown key \"knd\"; there are site, kind, "
            "factor, positions, text, keys, heads, features, prompts, when, "
            "seed, low, high and values");
  EXPECT_EQ(ProblemOf(R"("site": "s")"),
            "edits: f.json: edit 0: \"kind\" is missing; give it");
  EXPECT_THAT(ProblemOf(R"("kind": "zero")"), HasSubstr("\"site\" is missing"));
  EXPECT_THAT(ProblemOf(R"("site": "s", "site": "s", "kind": "zero")"),
              HasSubstr("\"site\" stands twice"));
  EXPECT_THAT(ProblemOf(R"("site": 3, "kind": "zero")"),
              HasSubstr("\"site\" is no text"));
  EXPECT_THAT(ProblemOf(R"("site": "", "kind": "zero")"),
              HasSubstr("\"site\" is empty"));
  for (const char* kind : {"custom", "Zero", "ablate"}) {
    EXPECT_EQ(ProblemOf(R"("site": "s", "kind": ")" + std::string(kind) + "\""),
              "edits: f.json: edit 0: \"kind\" is \"" + std::string(kind) +
                  "\", which is none; there are zero, scale, add, replace, "
                  "mean, resample, noise, clamp, project_out, set_component, "
                  "mask");
  }
  EXPECT_THAT(Problem(Document(R"({"site": "s", "kind": "zero"}, {})")),
              HasSubstr("edit 1: \"site\" is missing"));
}

TEST(EditsJsonTest, ValuesOfKeysThatCannotBe) {
  const auto problem = [](const std::string& kind, const std::string& key) {
    return ProblemOf(R"("site": "s", "kind": ")" + kind + "\", " + key);
  };
  EXPECT_EQ(problem("scale", R"("factor": "2")"),
            "edits: f.json: edit 0: \"factor\" is no number; write one");
  EXPECT_THAT(problem("scale", R"("factor": 1e39)"),
              HasSubstr("\"factor\" is 1e+39, which is beyond float32"));
  EXPECT_THAT(problem("zero", R"("positions": 3)"),
              HasSubstr("\"positions\" is no text; write it in double quotes"));
  EXPECT_THAT(problem("zero", R"("positions": "a")"),
              HasSubstr("edit 0: positions: \"a\": is neither an index nor"));
  EXPECT_THAT(problem("zero", R"("keys": "1:2:0")"),
              HasSubstr("edit 0: keys: \"1:2:0\": the step"));
  EXPECT_THAT(problem("zero", R"("heads": 3)"),
              HasSubstr("\"heads\" is no list; write it as [0, 3]"));
  EXPECT_THAT(problem("zero", R"("heads": [1, -1])"),
              HasSubstr("\"heads\" element 1 is no whole number from 0"));
  EXPECT_THAT(problem("zero", R"("features": [1.5])"),
              HasSubstr("\"features\" element 0 is no whole number"));
  EXPECT_THAT(problem("zero", R"("prompts": [])"),
              HasSubstr("\"prompts\" is empty; leave it out, or name some"));
  EXPECT_THAT(problem("zero", R"("when": "later")"),
              HasSubstr("\"when\" is \"later\"; write prompt, generated or"));
  EXPECT_THAT(problem("noise", R"("seed": -1)"),
              HasSubstr("\"seed\" is no whole number from 0 to 2^64 - 1"));
  EXPECT_THAT(problem("noise", R"("seed": 18446744073709551616)"),
              HasSubstr("\"seed\" is no whole number"));
}

// A key that is passed over is an edit that is not made.
TEST(EditsJsonTest, KeysThatSayNothingOrAreMissing) {
  const auto problem = [](const std::string& kind, const std::string& key) {
    return ProblemOf(R"("site": "s", "kind": ")" + kind + "\"" + key);
  };
  EXPECT_EQ(problem("zero", R"(, "factor": 2)"),
            "edits: f.json: edit 0: \"factor\" says nothing of the kind zero; "
            "leave it out");
  EXPECT_THAT(problem("add", R"(, "factor": 1, "seed": 2)"),
              HasSubstr("\"seed\" says nothing of the kind add"));
  EXPECT_THAT(problem("replace", R"(, "values": [1], "low": 2)"),
              HasSubstr("\"low\" says nothing"));
  EXPECT_THAT(problem("noise", R"(, "values": [1])"),
              HasSubstr("\"values\" says nothing of the kind noise"));
  EXPECT_EQ(problem("scale", ""),
            "edits: f.json: edit 0: \"factor\" is missing, and scale needs "
            "one; give it");
  EXPECT_THAT(problem("add", ""), HasSubstr("and add needs one"));
  EXPECT_THAT(problem("set_component", R"(, "values": [1])"),
              HasSubstr("and set_component needs one"));
  EXPECT_EQ(problem("zero", R"(, "positions": "1", "text": "a")"),
            "edits: f.json: edit 0: names positions and a text; leave one out");
}

TEST(EditsJsonTest, EditsOfAnotherModelAreRefused) {
  const auto problem = [](const std::string& model) {
    return Problem(R"({"schema": "pellucid.edits/1", "model": )" + model +
                   R"(, "edits": []})");
  };
  for (const char* ours :
       {"{}", R"({"architecture": "llama"})", R"({"hash": "12ab"})",
        R"({"architecture": "llama", "hash": "12ab"})"}) {
    EXPECT_EQ(problem(ours), "no error");
  }
  EXPECT_EQ(problem(R"({"architecture": "gpt2", "hash": "99"})"),
            "edits: f.json: was saved for another model: gpt2 with hash 99, "
            "not llama with hash 12ab; open that model, or take \"model\" out "
            "of the file");
  EXPECT_THAT(problem(R"({"architecture": "llama", "hash": "99"})"),
              HasSubstr("llama with hash 99, not llama with hash 12ab"));
  EXPECT_THAT(problem(R"({"hash": "99"})"),
              HasSubstr("a model with hash 99, not a model with hash 12ab"));
  EXPECT_THAT(problem(R"({"architecture": "gpt2"})"),
              HasSubstr("another model: gpt2, not llama; "));
  EXPECT_THAT(problem("3"), HasSubstr("\"model\" is no object"));
  EXPECT_THAT(problem(R"({"ref": "x"})"),
              HasSubstr("\"model\" has a key \"ref\" that is unknown"));
  EXPECT_THAT(problem(R"({"hash": 3})"), HasSubstr("or is no text"));
}

}  // namespace
}  // namespace pellucid
