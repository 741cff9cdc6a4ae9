#include "tokenizer/jinja/show.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "base/utf8.h"

namespace pellucid::jinja {
namespace {

void AppendEscaped(char32_t code, std::string& out) {
  switch (code) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\\':
      out += "\\\\";
      return;
    default:
      break;
  }
  if (IsPrintable(code)) {
    AppendUtf8(code, out);
  } else if (code < 0x100) {
    out += fmt::format("\\x{:02x}", static_cast<unsigned>(code));
  } else if (code < 0x10000) {
    out += fmt::format("\\u{:04x}", static_cast<unsigned>(code));
  } else {
    out += fmt::format("\\U{:08x}", static_cast<unsigned>(code));
  }
}

Status AppendItems(const List& list, Heap& heap, Text& out, std::size_t depth) {
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    if (i > 0) out.Append(", ");
    PELLUCID_RETURN_IF_ERROR(AppendRepr(list.items[i], heap, out, depth + 1));
  }
  return {};
}

Status AppendList(const List& list, Heap& heap, Text& out, std::size_t depth) {
  switch (list.kind) {
    case ListKind::kRange:
    case ListKind::kView:
    case ListKind::kGenerator:
      return TemplateError(
          "prints what only Python names, a range, a view or a generator; make "
          "it a list first");
    case ListKind::kTuple:
      out.Append("(");
      PELLUCID_RETURN_IF_ERROR(AppendItems(list, heap, out, depth));
      out.Append(list.items.size() == 1 ? ",)" : ")");
      return {};
    case ListKind::kList:
      break;
  }
  out.Append("[");
  PELLUCID_RETURN_IF_ERROR(AppendItems(list, heap, out, depth));
  out.Append("]");
  return {};
}

template <typename Entries>
Status AppendEntries(const Entries& entries, Heap& heap, Text& out,
                     std::size_t depth) {
  out.Append("{");
  bool first = true;
  for (const auto& [key, value] : entries) {
    if (!first) out.Append(", ");
    first = false;
    if constexpr (std::is_same_v<std::decay_t<decltype(key)>, Value>) {
      PELLUCID_RETURN_IF_ERROR(AppendRepr(key, heap, out, depth + 1));
    } else {
      out.Append(ReprOf(key));
    }
    out.Append(": ");
    PELLUCID_RETURN_IF_ERROR(AppendRepr(value, heap, out, depth + 1));
  }
  out.Append("}");
  return {};
}

}  // namespace

std::string ReprOf(std::string_view text) {
  const bool single = text.find('\'') != std::string_view::npos;
  const bool both = single && text.find('"') != std::string_view::npos;
  const char quote = single && !both ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char c = DecodeUtf8(text, at);
    if (both && c.code == '\'') out += '\\';
    AppendEscaped(c.code, out);
    at += c.bytes;
  }
  out += quote;
  return out;
}

std::string FloatText(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  const double size = std::abs(value);
  const bool plain = size == 0 || (size >= 1e-4 && size < 1e16);
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value,
                                 plain ? std::chars_format::fixed
                                       : std::chars_format::scientific)
                       .ptr;
  std::string text(buffer, end);
  if (plain && text.find('.') == std::string::npos) text += ".0";
  return text;
}

Status AppendRepr(const Value& value, Heap& heap, Text& out,
                  std::size_t depth) {
  if (depth > kMaxValueDepth) {
    return TemplateError(fmt::format(
        "a value that is printed is nested more than {} deep", kMaxValueDepth));
  }
  const std::size_t begin = out.size();
  heap.Spend(kNodeWork);
  PELLUCID_RETURN_IF_ERROR(heap.Check());
  switch (value.kind()) {
    case Kind::kUndefined:
      out.Append("Undefined");
      break;
    case Kind::kNone:
      out.Append("None");
      break;
    case Kind::kBool:
      out.Append(value.boolean() ? "True" : "False");
      break;
    case Kind::kInt:
      out.Append(fmt::format("{}", value.integer()));
      break;
    case Kind::kFloat:
      out.Append(FloatText(value.number()));
      break;
    case Kind::kText:
      out.Append(ReprOf(value.view()));
      out.MarkLike(value.text(), begin);
      heap.Spend(out.size() - begin);
      break;
    case Kind::kList:
      return AppendList(value.list(), heap, out, depth);
    case Kind::kDict:
      return AppendEntries(value.dict().items, heap, out, depth);
    case Kind::kNamespace:
      out.Append("<Namespace ");
      PELLUCID_RETURN_IF_ERROR(
          AppendEntries(value.space().items, heap, out, depth));
      out.Append(">");
      break;
    case Kind::kLoop:
      out.Append(fmt::format("<LoopContext {}/{}>", value.loop().index + 1,
                             value.loop().items.size()));
      break;
    case Kind::kCallable:
      if (value.callable().kind != Callable::Kind::kMacro) {
        return TemplateError("prints a function; call it");
      }
      out.Append("<Macro " +
                 (value.callable().name.empty()
                      ? "anonymous"
                      : ReprOf(value.callable().name)) +
                 ">");
      break;
  }
  return {};
}

Status AppendStr(const Value& value, Heap& heap, Text& out) {
  if (value.Is(Kind::kUndefined)) return {};
  if (!value.Is(Kind::kText)) return AppendRepr(value, heap, out);
  heap.Spend(value.text().size());
  out.Append(value.text());
  return heap.Check();
}

Result<Text> StrOf(const Value& value, Heap& heap) {
  Text out;
  PELLUCID_RETURN_IF_ERROR(AppendStr(value, heap, out));
  return out;
}

}  // namespace pellucid::jinja
