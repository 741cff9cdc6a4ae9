#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "base/utf8.h"
#include "tokenizer/jinja/compare.h"
#include "tokenizer/jinja/filters.h"
#include "tokenizer/jinja/format.h"
#include "tokenizer/jinja/methods.h"
#include "tokenizer/jinja/show.h"
#include "tokenizer/jinja/to_json.h"
#include "tokenizer/unicode_tables.h"

namespace pellucid::jinja {
namespace {

// str(value), on which most of these work.
Result<Value> StrValue(const FilterCall& call) {
  if (call.value.Is(Kind::kText)) return call.value;
  PELLUCID_ASSIGN_OR_RETURN(Text text, StrOf(call.value, call.heap));
  return call.heap.Make(std::move(text));
}

Result<Value> OfCase(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Value value, StrValue(call));
  call.heap.Spend(value.text().size());
  return call.heap.Make(
      WithCase(value.text(), call.name == "upper"   ? Case::kUpper
                             : call.name == "lower" ? Case::kLower
                                                    : Case::kCapitalized));
}

// Jinja's own: words begin behind blanks, hyphens and opening brackets.
Result<Value> Title(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Value value, StrValue(call));
  const Text& text = value.text();
  call.heap.Spend(text.size());
  Text out;
  bool begins = true;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char c = DecodeUtf8(text.view(), at);
    const bool breaks =
        IsSpace(c.code) ||
        (c.code < 0x80 && std::string_view("-({[<").find(static_cast<char>(
                              c.code)) != std::string_view::npos);
    out.Append(WithCase(text.Slice(at, at + c.bytes),
                        begins && !breaks ? Case::kUpper : Case::kLower));
    begins = breaks;
    at += c.bytes;
  }
  return call.heap.Make(std::move(out));
}

Result<Value> Trim(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Value value, StrValue(call));
  return CallTextMethod(value, "strip", call.arguments, call.heap);
}

Result<Value> Replace(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Value value, StrValue(call));
  PELLUCID_ASSIGN_OR_RETURN(const Text from,
                            StrOf(call.bound.At(0), call.heap));
  PELLUCID_ASSIGN_OR_RETURN(const Text to, StrOf(call.bound.At(1), call.heap));
  std::int64_t limit = -1;
  if (call.bound.HasSome(2)) {
    PELLUCID_ASSIGN_OR_RETURN(limit, call.bound.Integer(2, -1));
  }
  PELLUCID_RETURN_IF_ERROR(
      call.heap.Ask(SearchWork(value.text().size(), from.size())));
  auto replaced =
      Replaced(value.text(), from.view(), to, limit, call.heap.rest());
  if (!replaced) PELLUCID_RETURN_IF_ERROR(call.heap.Ask(SIZE_MAX));
  return call.heap.Make(std::move(*replaced));
}

Result<Value> Indent(const FilterCall& call) {
  if (!call.value.Is(Kind::kText)) {
    return TemplateError(
        fmt::format("indent: '{}' is no str", TypeName(call.value)));
  }
  std::string indent(4, ' ');
  if (call.bound.Has(0) && call.bound.At(0).Is(Kind::kText)) {
    indent = call.bound.At(0).view();
  } else if (call.bound.Has(0)) {
    PELLUCID_ASSIGN_OR_RETURN(const std::int64_t width,
                              call.bound.Integer(0, 4));
    const auto count =
        static_cast<std::size_t>(std::max<std::int64_t>(0, width));
    PELLUCID_RETURN_IF_ERROR(call.heap.Ask(count));
    indent.assign(count, ' ');
  }
  const bool first = call.bound.Flag(1), blank = call.bound.Flag(2);
  Text text = call.value.text();
  text.Append("\n");  // so that a line end of its own stays
  const auto lines = SplitLines(text.view(), /*keep_ends=*/false);
  PELLUCID_RETURN_IF_ERROR(call.heap.Ask(text.size()));
  Text out;
  if (first) out.Append(indent);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) {
      out.Append("\n");
      const bool empty = lines[i].begin == lines[i].end;
      if (blank || !empty) {
        PELLUCID_RETURN_IF_ERROR(call.heap.Ask(indent.size()));
        out.Append(indent);
      }
    }
    out.Append(text, lines[i].begin, lines[i].end);
  }
  return call.heap.Make(std::move(out));
}

Result<Value> Center(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Value value, StrValue(call));
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t width,
                            call.bound.Integer(0, 80));
  return PadText(value.text(), width, Side::kCenter, " ", call.heap);
}

Result<Value> Escape(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Value value, StrValue(call));
  const Text& text = value.text();
  Text out;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string_view name;
    switch (text.bytes[at]) {
      case '&':
        name = "&amp;";
        break;
      case '<':
        name = "&lt;";
        break;
      case '>':
        name = "&gt;";
        break;
      case '\'':
        name = "&#39;";
        break;
      case '"':
        name = "&#34;";
        break;
      default:
        continue;
    }
    out.Append(text, done, at);
    out.Append(name);
    done = at + 1;
  }
  out.Append(text, done, text.size());
  return call.heap.Make(std::move(out));
}

Result<Value> Format(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Value value, StrValue(call));
  Value values = call.heap.Make(call.arguments.positional, ListKind::kTuple);
  if (!call.arguments.named.empty()) {
    if (!call.arguments.positional.empty()) {
      return TemplateError("format: values by position and by name");
    }
    Dict dict;
    for (const auto& [name, named] : call.arguments.named) {
      dict.Set(call.heap.Make(name), named);
    }
    values = call.heap.Make(std::move(dict));
  }
  PELLUCID_ASSIGN_OR_RETURN(Text text,
                            FormatPercent(value.text(), values, call.heap));
  return call.heap.Make(std::move(text));
}

Result<Value> WordCount(const FilterCall& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Value value, StrValue(call));
  call.heap.Spend(value.text().size());
  std::int64_t count = 0;
  bool inside = false;
  for (std::size_t at = 0; at < value.text().size();) {
    const Utf8Char c = DecodeUtf8(value.view(), at);
    const bool word = IsAlpha(c.code) || IsNumeric(c.code) || c.code == '_';
    if (word && !inside) ++count;
    inside = word;
    at += c.bytes;
  }
  return Value(count);
}

// The parameter `indent` of tojson: a number of blanks, or a text.
Status ReadIndent(const FilterCall& call, JsonOptions& options) {
  const Value& indent = call.bound.At(1);
  if (indent.Is(Kind::kText)) {
    options.indent = std::string(indent.view());
  } else {
    PELLUCID_ASSIGN_OR_RETURN(const std::int64_t width,
                              call.bound.Integer(1, 0));
    const auto count =
        static_cast<std::size_t>(std::max<std::int64_t>(0, width));
    PELLUCID_RETURN_IF_ERROR(call.heap.Ask(count));
    options.indent = std::string(count, ' ');
  }
  options.between = ",";
  return {};
}

Result<Value> Json(const FilterCall& call) {
  JsonOptions options;
  options.ascii = call.bound.Flag(0);
  if (call.bound.HasSome(1)) {
    PELLUCID_RETURN_IF_ERROR(ReadIndent(call, options));
  }
  if (call.bound.HasSome(2)) {
    PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> pair,
                              Iterate(call.bound.At(2), call.heap));
    if (pair.size() != 2 || !pair[0].Is(Kind::kText) ||
        !pair[1].Is(Kind::kText)) {
      return TemplateError("tojson: separators are two texts");
    }
    options.between = pair[0].view();
    options.after_key = pair[1].view();
  }
  options.sort_keys = call.bound.Flag(3);
  PELLUCID_ASSIGN_OR_RETURN(Text text, ToJson(call.value, options, call.heap));
  return call.heap.Make(std::move(text));
}

}  // namespace

std::span<const Filter> TextFilters() {
  static const auto* const kFilters = new std::vector<Filter>{
      {"upper", OfCase},
      {"lower", OfCase},
      {"capitalize", OfCase},
      {"title", Title},
      {"trim", Trim, 0, {"chars"}},
      {"replace", Replace, 2, {"old", "new", "count"}},
      {"indent", Indent, 0, {"width", "first", "blank"}},
      {"center", Center, 0, {"width"}},
      {"string", StrValue},
      {"safe", StrValue},
      {"escape", Escape},
      {"e", Escape},
      {"forceescape", Escape},
      {"format", Format, 0, {}, true},
      {"wordcount", WordCount},
      {"tojson",
       Json,
       0,
       {"ensure_ascii", "indent", "separators", "sort_keys"}},
  };
  return *kFilters;
}

}  // namespace pellucid::jinja
