#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>

#include "testutil/run_cli.h"
#include "testutil/tiny_hf.h"

namespace pellucid::cli {
namespace {

using testutil::CliOutcome;
using testutil::RunCli;
using testutil::TempDir;

TEST(InfoCommandTest, JsonHoldsWhatWasAskedFor) {
  const TempDir dir;
  const std::string model = testutil::WriteTextModel(dir);
  const CliOutcome run =
      RunCli({"info", model, "--tensors", "--sites", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.parse(run.out);
  EXPECT_EQ(std::string_view(json["schema"]), "pellucid.info/1");
  EXPECT_EQ(std::string_view(json["model"]["ref"]), model);
  EXPECT_EQ(std::string_view(json["model"]["hash"]).size(), 64u);
  EXPECT_EQ(std::int64_t(json["tokenizer"]["vocab_size"]), 19);
  EXPECT_EQ(std::int64_t(json["tokenizer"]["bos_id"]), 0);
  EXPECT_EQ(bool(json["tokenizer"]["adds_bos"]), false);
  EXPECT_TRUE(json["config"].is_object());
  EXPECT_EQ(json["tensors"].get_array().size(), 20u);
  EXPECT_EQ(std::string_view(json["tensors"].at(0)["dtype"]), "F32");
  EXPECT_GT(json["sites"].get_array().size(), 20u);
  EXPECT_TRUE(json["sites"].at(0)["aliases"].is_array());

  const CliOutcome bare = RunCli({"info", "-m", model, "--json", "-"});
  ASSERT_EQ(bare.exit_code, 0) << bare.err;
  const simdjson::dom::element less = parser.parse(bare.out);
  EXPECT_EQ(less["tensors"].error(), simdjson::NO_SUCH_FIELD);
  EXPECT_EQ(less["sites"].error(), simdjson::NO_SUCH_FIELD);
}

TEST(InfoCommandTest, PeopleGetLines) {
  const std::string model = testutil::TinyLlamaPath("gqa_untied_f16");
  const CliOutcome run = RunCli({"info", model, "--sites"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_NE(run.out.find("architecture        llama\n"), std::string::npos);
  EXPECT_NE(run.out.find("tokenizer           none: tokenizer: " + model +
                         ": holds none; use --ids"),
            std::string::npos);
  EXPECT_NE(run.out.find("\n  model.layers.0.self_attn.q_proj"),
            std::string::npos);
  EXPECT_EQ(run.out.find("Tensors:"), std::string::npos);
}

TEST(InfoCommandTest, ATokenizerThatIsNotReadIsSaidToBe) {
  const TempDir dir;
  testutil::TinyHfLlama().Write(dir.path());
  testutil::WriteFileText(dir / "tokenizer.json",
                          R"({"model": {"type": "Trigram"}})");
  const CliOutcome text = RunCli({"info", dir.path()});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_NE(text.out.find("tokenizer           none: open: " +
                          (dir / "tokenizer.json") + ": unsupported"),
            std::string::npos);
  const CliOutcome run = RunCli({"info", dir.path(), "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  simdjson::dom::parser parser;
  const simdjson::dom::element json = parser.parse(run.out);
  EXPECT_TRUE(json["tokenizer"].is_null());
  EXPECT_NE(std::string_view(json["tokenizer_error"]).find("Trigram"),
            std::string_view::npos);
}

TEST(InfoCommandTest, AModelIsNamedOnce) {
  EXPECT_EQ(RunCli({"info", "a", "-m", "b"}).exit_code, 2);
}

}  // namespace
}  // namespace pellucid::cli
