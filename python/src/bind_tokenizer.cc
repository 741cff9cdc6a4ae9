// Text to ids and back, and conversations.
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <string>
#include <tuple>
#include <vector>

#include "base/utf8.h"
#include "bindings.h"
#include "errors.h"
#include "model/token_span.h"
#include "pellucid/chat.h"
#include "pellucid/model.h"
#include "pellucid/tokenizer.h"

namespace nb = nanobind;

namespace pellucid::python {
namespace {

using Ids = std::vector<TokenId>;

BosPolicy PolicyOf(const std::string& name) {
  if (name == "auto") return BosPolicy::kAuto;
  if (name == "always") return BosPolicy::kAlways;
  if (name == "never") return BosPolicy::kNever;
  Raise(Exception::kUsage,
        "bos: \"" + name + "\" is none; give auto, always or never");
}

std::tuple<Ids, bool> Encode(const Tokenizer& tokenizer,
                             const std::string& text, const std::string& bos,
                             bool special, bool avoid_double_bos) {
  Encoding encoding =
      Take(tokenizer.Encode(text, {.bos = PolicyOf(bos),
                                   .add_special_tokens = special,
                                   .avoid_double_bos = avoid_double_bos}));
  return {std::move(encoding.ids), encoding.suppressed_double_bos};
}

nb::bytes BytesOf(const Tokenizer& tokenizer, TokenId id) {
  const std::string bytes = tokenizer.TokenBytes(id);
  return nb::bytes(bytes.data(), bytes.size());
}

nb::tuple RenderChat(const Model& model, const std::string& messages,
                     bool add_generation_prompt, const std::string& variables) {
  const ChatTemplate chat = Take(ChatTemplate::Of(model));
  const ChatText text = Take(
      chat.Render(messages, {.add_generation_prompt = add_generation_prompt,
                             .variables = variables}));
  const Tokenizer* tokenizer = Take(model.RequireTokenizer());
  const ChatEncoding encoding = Take(EncodeChat(*tokenizer, text));
  nb::list turns;
  for (const TokenTurn& turn : encoding.turns) {
    turns.append(nb::make_tuple(turn.role, turn.begin, turn.end));
  }
  return nb::make_tuple(text.text, encoding.ids, turns);
}

}  // namespace

void BindTokenizer(nb::module_& m) {
  nb::class_<Tokenizer>(m, "Tokenizer")
      .def("encode", &Encode, nb::arg("text"), nb::arg("bos") = "auto",
           nb::arg("add_special_tokens") = true,
           nb::arg("avoid_double_bos") = false,
           nb::call_guard<nb::gil_scoped_release>(),
           "Ids, and whether a second BOS token was left out.")
      .def(
          "decode",
          [](const Tokenizer& tokenizer, const Ids& ids, bool skip) {
            return tokenizer.Decode(ids, skip);
          },
          nb::arg("ids"), nb::arg("skip_special_tokens") = false)
      .def("token_text", &Tokenizer::TokenText, nb::arg("id"))
      .def("token_bytes", &BytesOf, nb::arg("id"))
      .def(
          "find_token",
          [](const Tokenizer& tokenizer, const std::string& text) {
            return tokenizer.FindToken(text);
          },
          nb::arg("text"))
      .def_prop_ro("vocab_size", &Tokenizer::VocabSize)
      .def_prop_ro("bos_id", &Tokenizer::BosId)
      .def_prop_ro("eos_id", &Tokenizer::EosId)
      .def_prop_ro("adds_bos", &Tokenizer::AddsBos)
      .def_prop_ro("kind", &Tokenizer::Kind);

  m.def(
      "tokenizer_of",
      [](const Model& model) -> std::optional<Tokenizer> {
        const Tokenizer* tokenizer = model.tokenizer();
        if (tokenizer == nullptr) return std::nullopt;
        return *tokenizer;
      },
      nb::arg("model"));
  m.def(
      "why_no_tokenizer",
      [](const Model& model) -> std::string {
        const auto tokenizer = model.RequireTokenizer();
        return tokenizer.ok() ? "" : tokenizer.error().message;
      },
      nb::arg("model"));
  m.def("render_chat", &RenderChat, nb::arg("model"), nb::arg("messages"),
        nb::arg("add_generation_prompt") = false, nb::arg("variables") = "{}",
        "Text, ids and (role, begin, end) of each turn.");
  m.def(
      "tokens_of_text",
      [](const Model& model, const Ids& ids, const std::string& text) {
        const Tokenizer* tokenizer = Take(model.RequireTokenizer());
        return Take(TokensOfText(*tokenizer, ids, text));
      },
      nb::arg("model"), nb::arg("ids"), nb::arg("text"),
      "Positions of the tokens that a part of the text touches.");
}

}  // namespace pellucid::python
