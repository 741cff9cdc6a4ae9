#include "tokenizer/jinja/to_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/jinja/compare.h"
#include "tokenizer/jinja/show.h"

namespace pellucid::jinja {
namespace {

void AppendUnicodeEscape(char32_t code, std::string& out) {
  if (code < 0x10000) {
    out += fmt::format("\\u{:04x}", static_cast<unsigned>(code));
    return;
  }
  const auto rest = static_cast<unsigned>(code) - 0x10000;
  out += fmt::format("\\u{:04x}\\u{:04x}", 0xD800 + (rest >> 10),
                     0xDC00 + (rest & 0x3FF));
}

void AppendCharacter(char32_t code, bool ascii, std::string& out) {
  switch (code) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    default:
      break;
  }
  if (code < 0x20 || (ascii && code > 0x7E)) {
    AppendUnicodeEscape(code, out);
  } else {
    AppendUtf8(code, out);
  }
}

std::string JsonFloat(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return FloatText(value);
}

class Writer {
 public:
  Writer(const JsonOptions& options, Heap& heap)
      : options_(options), heap_(heap) {}

  Status Write(const Value& value, std::size_t depth) {
    if (depth > kMaxValueDepth) {
      return TemplateError(fmt::format(
          "tojson: a value is nested more than {} deep", kMaxValueDepth));
    }
    heap_.Spend(kNodeWork);
    PELLUCID_RETURN_IF_ERROR(heap_.Check());
    switch (value.kind()) {
      case Kind::kNone:
        out_.Append("null");
        return {};
      case Kind::kBool:
        out_.Append(value.boolean() ? "true" : "false");
        return {};
      case Kind::kInt:
        out_.Append(fmt::format("{}", value.integer()));
        return {};
      case Kind::kFloat:
        out_.Append(JsonFloat(value.number()));
        return {};
      case Kind::kText:
        WriteText(value.text());
        return {};
      case Kind::kDict:
        return WriteDict(value.dict(), depth);
      case Kind::kList:
        if (value.list().kind == ListKind::kList ||
            value.list().kind == ListKind::kTuple) {
          return WriteList(value.list(), depth);
        }
        break;
      default:
        break;
    }
    return TemplateError(fmt::format(
        "tojson: Object of type {} is not JSON serializable", TypeName(value)));
  }

  Text Take() { return std::move(out_); }

 private:
  void WriteText(const Text& text) {
    const std::size_t begin = out_.size();
    out_.bytes += '"';
    for (std::size_t at = 0; at < text.size();) {
      const Utf8Char c = DecodeUtf8(text.view(), at);
      AppendCharacter(c.code, options_.ascii, out_.bytes);
      at += c.bytes;
    }
    out_.bytes += '"';
    out_.MarkLike(text, begin);
    heap_.Spend(out_.size() - begin);
  }

  void NewLine(std::size_t depth) {
    if (!options_.indent) return;
    out_.Append("\n");
    for (std::size_t i = 0; i < depth; ++i) out_.Append(*options_.indent);
    heap_.Spend(depth * options_.indent->size());
  }

  Status WriteList(const List& list, std::size_t depth) {
    out_.Append("[");
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0) out_.Append(options_.between);
      NewLine(depth + 1);
      PELLUCID_RETURN_IF_ERROR(Write(list.items[i], depth + 1));
    }
    if (!list.items.empty()) NewLine(depth);
    out_.Append("]");
    return {};
  }

  Status WriteDict(const Dict& dict, std::size_t depth) {
    std::vector<std::pair<Value, Value>> items = dict.items;
    if (options_.sort_keys) PELLUCID_RETURN_IF_ERROR(SortByKey(items));
    out_.Append("{");
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_.Append(options_.between);
      NewLine(depth + 1);
      PELLUCID_RETURN_IF_ERROR(WriteKey(items[i].first));
      out_.Append(options_.after_key);
      PELLUCID_RETURN_IF_ERROR(Write(items[i].second, depth + 1));
    }
    if (!items.empty()) NewLine(depth);
    out_.Append("}");
    return {};
  }

  // Keys that are no texts are written as texts.
  Status WriteKey(const Value& key) {
    if (key.Is(Kind::kText)) {
      WriteText(key.text());
      return {};
    }
    if (!key.Is(Kind::kNone) && !key.IsNumber()) {
      return TemplateError(fmt::format(
          "tojson: keys must be str, int, float, bool or None, not {}",
          TypeName(key)));
    }
    out_.Append("\"");
    PELLUCID_RETURN_IF_ERROR(Write(key, 0));
    out_.Append("\"");
    return {};
  }

  Status SortByKey(std::vector<std::pair<Value, Value>>& items) {
    Status status;
    std::stable_sort(items.begin(), items.end(),
                     [&](const auto& a, const auto& b) {
                       if (!status.ok()) return false;
                       const auto less = IsLess(a.first, b.first, heap_);
                       if (!less.ok()) status = less.error();
                       return less.ok() && *less;
                     });
    return status;
  }

  const JsonOptions& options_;
  Heap& heap_;
  Text out_;
};

}  // namespace

Result<Text> ToJson(const Value& value, const JsonOptions& options,
                    Heap& heap) {
  Writer writer(options, heap);
  PELLUCID_RETURN_IF_ERROR(writer.Write(value, 0));
  return writer.Take();
}

}  // namespace pellucid::jinja
