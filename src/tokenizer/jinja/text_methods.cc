#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/utf8.h"
#include "tokenizer/jinja/compare.h"
#include "tokenizer/jinja/format.h"
#include "tokenizer/jinja/methods.h"
#include "tokenizer/jinja/show.h"

namespace pellucid::jinja {
namespace {

struct Call {
  std::string_view name;  // of the method
  const Text& text;
  const Bound& arguments;
  Heap& heap;

  Value Part(std::size_t begin, std::size_t end) const {
    return heap.Make(text.Slice(begin, end));
  }
};

std::optional<std::string_view> ViewOf(const Text* text) {
  return text == nullptr ? std::nullopt : std::optional(text->view());
}

// A text argument that must be there.
Result<const Text*> TextArgument(const Call& call, std::size_t i) {
  PELLUCID_ASSIGN_OR_RETURN(const Text* text, call.arguments.TextOrNull(i));
  if (text != nullptr) return text;
  return TemplateError(fmt::format("{}: must be str, not None", call.name));
}

Result<Value> Strip(const Call& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Text* chars, call.arguments.TextOrNull(0));
  if (chars != nullptr) {
    PELLUCID_RETURN_IF_ERROR(
        call.heap.Ask(SearchWork(call.text.size(), chars->size())));
  }
  const ByteRange range =
      Stripped(call.text.view(), ViewOf(chars), call.name != "rstrip",
               call.name != "lstrip");
  return call.Part(range.begin, range.end);
}

Result<Value> PartsOf(const Call& call, const std::vector<ByteRange>& ranges) {
  PELLUCID_RETURN_IF_ERROR(call.heap.Ask(kNodeWork * ranges.size()));
  std::vector<Value> parts;
  parts.reserve(ranges.size());
  for (const ByteRange& range : ranges) {
    parts.push_back(call.Part(range.begin, range.end));
  }
  return call.heap.Make(std::move(parts));
}

Result<Value> Split(const Call& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Text* separator,
                            call.arguments.TextOrNull(0));
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t limit,
                            call.arguments.Integer(1, -1));
  if (separator != nullptr && separator->size() == 0) {
    return TemplateError("split: empty separator");
  }
  PELLUCID_RETURN_IF_ERROR(call.heap.Ask(
      SearchWork(call.text.size(), separator ? separator->size() : 1)));
  return PartsOf(call, SplitText(call.text.view(), ViewOf(separator), limit,
                                 call.name == "rsplit"));
}

Result<Value> Lines(const Call& call) {
  call.heap.Spend(call.text.size());
  return PartsOf(call, SplitLines(call.text.view(), call.arguments.Flag(0)));
}

// Bytes of text[begin:end], the arguments 1 and 2; begin > end: none.
Result<ByteRange> SearchedRange(const Call& call) {
  call.heap.Spend(call.text.size());
  const auto offsets = CharOffsets(call.text.view());
  const auto count = static_cast<std::int64_t>(offsets.size() - 1);
  std::int64_t ends[2] = {0, count};
  for (std::size_t i = 0; i < 2; ++i) {
    if (!call.arguments.HasSome(i + 1)) continue;
    PELLUCID_ASSIGN_OR_RETURN(ends[i], call.arguments.Integer(i + 1, 0));
    if (ends[i] < 0) ends[i] = std::max<std::int64_t>(0, ends[i] + count);
    if (i == 1) ends[i] = std::min(ends[i], count);
  }
  if (ends[0] > count || ends[0] > ends[1]) return ByteRange{1, 0};
  return ByteRange{offsets[static_cast<std::size_t>(ends[0])],
                   offsets[static_cast<std::size_t>(ends[1])]};
}

Result<Value> StartsOrEnds(const Call& call) {
  std::vector<Value> affixes = {call.arguments.At(0)};
  if (affixes[0].Is(Kind::kList) &&
      affixes[0].list().kind == ListKind::kTuple) {
    affixes = affixes[0].list().items;
  }
  PELLUCID_ASSIGN_OR_RETURN(const ByteRange range, SearchedRange(call));
  for (const Value& affix : affixes) {
    if (!affix.Is(Kind::kText)) {
      return TemplateError(
          fmt::format("{}: first argument must be str or a tuple of str, not "
                      "{}",
                      call.name, TypeName(affix)));
    }
    if (range.begin > range.end) continue;
    const std::string_view part =
        call.text.view().substr(range.begin, range.end - range.begin);
    call.heap.Spend(affix.text().size());
    if (call.name == "startswith" ? part.starts_with(affix.view())
                                  : part.ends_with(affix.view())) {
      return Value(true);
    }
  }
  return Value(false);
}

Result<Value> Find(const Call& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Text* wanted, TextArgument(call, 0));
  PELLUCID_RETURN_IF_ERROR(
      call.heap.Ask(SearchWork(call.text.size(), wanted->size())));
  PELLUCID_ASSIGN_OR_RETURN(const ByteRange range, SearchedRange(call));
  std::size_t at = std::string_view::npos;
  if (range.begin <= range.end) {
    const std::string_view part =
        call.text.view().substr(range.begin, range.end - range.begin);
    at = call.name[0] == 'r' ? part.rfind(wanted->view())
                             : part.find(wanted->view());
  }
  if (at == std::string_view::npos) {
    if (call.name.ends_with("index")) {
      return TemplateError("substring not found");
    }
    return Value(std::int64_t{-1});
  }
  const std::size_t chars =
      CountChars(call.text.view().substr(0, range.begin + at));
  return Value(static_cast<std::int64_t>(chars));
}

Result<Value> Count(const Call& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Text* wanted, TextArgument(call, 0));
  PELLUCID_RETURN_IF_ERROR(
      call.heap.Ask(SearchWork(call.text.size(), wanted->size())));
  PELLUCID_ASSIGN_OR_RETURN(const ByteRange range, SearchedRange(call));
  if (range.begin > range.end) return Value(std::int64_t{0});
  const std::string_view part =
      call.text.view().substr(range.begin, range.end - range.begin);
  if (wanted->size() == 0) {
    return Value(static_cast<std::int64_t>(CountChars(part) + 1));
  }
  std::int64_t count = 0;
  for (std::size_t at = part.find(wanted->view()); at != std::string_view::npos;
       at = part.find(wanted->view(), at + wanted->size())) {
    ++count;
  }
  return Value(count);
}

Result<Value> Replace(const Call& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Text* from, TextArgument(call, 0));
  PELLUCID_ASSIGN_OR_RETURN(const Text* to, TextArgument(call, 1));
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t limit,
                            call.arguments.Integer(2, -1));
  PELLUCID_RETURN_IF_ERROR(
      call.heap.Ask(SearchWork(call.text.size(), from->size())));
  auto replaced =
      Replaced(call.text, from->view(), *to, limit, call.heap.rest());
  if (!replaced) PELLUCID_RETURN_IF_ERROR(call.heap.Ask(SIZE_MAX));
  return call.heap.Make(std::move(*replaced));
}

Result<Value> RemoveAffix(const Call& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Text* affix, TextArgument(call, 0));
  const std::string_view text = call.text.view();
  if (call.name == "removeprefix") {
    return call.Part(text.starts_with(affix->view()) ? affix->size() : 0,
                     text.size());
  }
  return call.Part(
      0, text.size() - (text.ends_with(affix->view()) ? affix->size() : 0));
}

Result<Value> Partition(const Call& call) {
  PELLUCID_ASSIGN_OR_RETURN(const Text* separator, TextArgument(call, 0));
  if (separator->size() == 0) {
    return TemplateError("partition: empty separator");
  }
  PELLUCID_RETURN_IF_ERROR(
      call.heap.Ask(SearchWork(call.text.size(), separator->size())));
  const std::string_view text = call.text.view();
  const bool right = call.name == "rpartition";
  const std::size_t at =
      right ? text.rfind(separator->view()) : text.find(separator->view());
  const Value whole = call.Part(0, text.size());
  const Value nothing = call.heap.Make("");
  if (at == std::string_view::npos) {
    std::vector<Value> parts = {whole, nothing, nothing};
    if (right) std::swap(parts[0], parts[2]);
    return call.heap.Make(std::move(parts), ListKind::kTuple);
  }
  const std::size_t behind = at + separator->size();
  return call.heap.Make(
      {call.Part(0, at), call.Part(at, behind), call.Part(behind, text.size())},
      ListKind::kTuple);
}

Result<Value> ChangeCase(const Call& call) {
  call.heap.Spend(call.text.size());
  const std::string_view name = call.name;
  return call.heap.Make(
      WithCase(call.text, name == "upper"        ? Case::kUpper
                          : name == "title"      ? Case::kTitle
                          : name == "capitalize" ? Case::kCapitalized
                          : name == "swapcase"   ? Case::kSwapped
                                                 : Case::kLower));
}

// Whether all characters are of a class, and there is one.
Result<Value> IsAll(const Call& call) {
  call.heap.Spend(4 * call.text.size());
  const std::string_view name = call.name, text = call.text.view();
  bool all = true;
  for (std::size_t at = 0; at < text.size() && all;) {
    const Utf8Char c = DecodeUtf8(text, at);
    at += c.bytes;
    all = name == "isspace"       ? IsSpace(c.code)
          : name == "isalpha"     ? IsAlpha(c.code)
          : name == "isdigit"     ? IsDigit(c.code)
          : name == "isdecimal"   ? IsDecimal(c.code)
          : name == "isnumeric"   ? IsNumeric(c.code)
          : name == "isprintable" ? IsPrintable(c.code)
          : name == "isascii"     ? c.code < 0x80
                                  : IsAlpha(c.code) || IsNumeric(c.code);
  }
  const bool of_none = name == "isprintable" || name == "isascii";
  return Value(all && (!text.empty() || of_none));
}

Result<Value> IsCase(const Call& call) {
  call.heap.Spend(4 * call.text.size());
  const std::string_view text = call.text.view();
  bool seen = false, after_cased = false;
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char c = DecodeUtf8(text, at);
    at += c.bytes;
    const bool upper = IsUpper(c.code), lower = IsLower(c.code);
    const bool wrong = call.name == "isupper"   ? lower
                       : call.name == "islower" ? upper
                       : after_cased            ? upper
                                                : lower;
    if (wrong) return Value(false);
    seen = seen || upper || lower;
    after_cased = upper || lower;
  }
  return Value(seen);
}

Result<Value> Pad(const Call& call) {
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t width,
                            call.arguments.Integer(0, 0));
  PELLUCID_ASSIGN_OR_RETURN(const Text* fill, call.arguments.TextOrNull(1));
  if (fill != nullptr && CountChars(fill->view()) != 1) {
    return TemplateError("the fill character must be one character");
  }
  return PadText(call.text, width,
                 call.name == "ljust"   ? Side::kRight
                 : call.name == "rjust" ? Side::kLeft
                                        : Side::kCenter,
                 fill == nullptr ? " " : fill->view(), call.heap);
}

Result<Value> FillZeros(const Call& call) {
  PELLUCID_ASSIGN_OR_RETURN(const std::int64_t width,
                            call.arguments.Integer(0, 0));
  const bool sign =
      call.text.view().starts_with('-') || call.text.view().starts_with('+');
  if (!sign) return PadText(call.text, width, Side::kLeft, "0", call.heap);
  PELLUCID_ASSIGN_OR_RETURN(const Value digits,
                            PadText(call.text.Slice(1, call.text.size()),
                                    std::max<std::int64_t>(width, 1) - 1,
                                    Side::kLeft, "0", call.heap));
  Text out = call.text.Slice(0, 1);
  out.Append(digits.text());
  return call.heap.Make(std::move(out));
}

Result<Value> Join(const Call& call) {
  return JoinTexts(call.text, call.arguments.At(0), call.heap);
}

struct Method {
  std::string_view name;
  Result<Value> (*run)(const Call& call);
  std::size_t required = 0;
  std::vector<std::string_view> parameters = {};
};

const Method* FindMethod(std::string_view name) {
  static const auto* const kMethods = new std::vector<Method>{
      {"strip", Strip, 0, {"chars"}},
      {"lstrip", Strip, 0, {"chars"}},
      {"rstrip", Strip, 0, {"chars"}},
      {"split", Split, 0, {"sep", "maxsplit"}},
      {"rsplit", Split, 0, {"sep", "maxsplit"}},
      {"splitlines", Lines, 0, {"keepends"}},
      {"startswith", StartsOrEnds, 1, {"prefix", "start", "end"}},
      {"endswith", StartsOrEnds, 1, {"suffix", "start", "end"}},
      {"find", Find, 1, {"sub", "start", "end"}},
      {"rfind", Find, 1, {"sub", "start", "end"}},
      {"index", Find, 1, {"sub", "start", "end"}},
      {"rindex", Find, 1, {"sub", "start", "end"}},
      {"count", Count, 1, {"sub", "start", "end"}},
      {"replace", Replace, 2, {"old", "new", "count"}},
      {"removeprefix", RemoveAffix, 1, {"prefix"}},
      {"removesuffix", RemoveAffix, 1, {"suffix"}},
      {"partition", Partition, 1, {"sep"}},
      {"rpartition", Partition, 1, {"sep"}},
      {"upper", ChangeCase},
      {"lower", ChangeCase},
      {"casefold", ChangeCase},
      {"title", ChangeCase},
      {"capitalize", ChangeCase},
      {"swapcase", ChangeCase},
      {"isspace", IsAll},
      {"isalpha", IsAll},
      {"isdigit", IsAll},
      {"isdecimal", IsAll},
      {"isnumeric", IsAll},
      {"isprintable", IsAll},
      {"isascii", IsAll},
      {"isalnum", IsAll},
      {"isupper", IsCase},
      {"islower", IsCase},
      {"istitle", IsCase},
      {"ljust", Pad, 1, {"width", "fillchar"}},
      {"rjust", Pad, 1, {"width", "fillchar"}},
      {"center", Pad, 1, {"width", "fillchar"}},
      {"zfill", FillZeros, 1, {"width"}},
      {"join", Join, 1, {"iterable"}},
  };
  const auto at = std::find_if(kMethods->begin(), kMethods->end(),
                               [&](const Method& m) { return m.name == name; });
  return at == kMethods->end() ? nullptr : &*at;
}

}  // namespace

Result<Value> PadText(const Text& text, std::int64_t width, Side side,
                      std::string_view fill, Heap& heap) {
  const auto chars = static_cast<std::int64_t>(CountChars(text.view()));
  const auto missing =
      static_cast<std::size_t>(std::max<std::int64_t>(0, width - chars));
  if (missing > heap.rest() / fill.size()) {
    PELLUCID_RETURN_IF_ERROR(heap.Ask(SIZE_MAX));
  }
  PELLUCID_RETURN_IF_ERROR(heap.Ask(missing * fill.size()));
  std::size_t left = side == Side::kLeft ? missing : 0;
  if (side == Side::kCenter) {
    // Of an odd number Python puts the one more where the width is odd.
    const bool one_more = missing % 2 == 1 && width % 2 == 1;
    left = missing / 2 + (one_more ? 1 : 0);
  }
  Text out;
  for (std::size_t i = 0; i < left; ++i) out.Append(fill);
  out.Append(text);
  for (std::size_t i = left; i < missing; ++i) out.Append(fill);
  return heap.Make(std::move(out));
}

Result<Value> JoinTexts(const Text& separator, const Value& items, Heap& heap) {
  PELLUCID_ASSIGN_OR_RETURN(const std::vector<Value> list,
                            Iterate(items, heap));
  Text out;
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].Is(Kind::kText)) {
      return TemplateError(
          fmt::format("join: item {} is '{}', not str", i, TypeName(list[i])));
    }
    if (i > 0) out.Append(separator);
    out.Append(list[i].text());
    PELLUCID_RETURN_IF_ERROR(
        heap.Ask(separator.size() + list[i].text().size()));
  }
  return heap.Make(std::move(out));
}

Result<Value> CallTextMethod(const Value& self, std::string_view name,
                             const Arguments& arguments, Heap& heap) {
  if (name == "format") {
    PELLUCID_ASSIGN_OR_RETURN(
        Text text,
        FormatBraces(self.text(), arguments.positional, arguments.named, heap));
    return heap.Make(std::move(text));
  }
  const Method* method = FindMethod(name);
  if (method == nullptr) {
    return TemplateError(
        fmt::format("the method str.{} is not supported", name));
  }
  PELLUCID_ASSIGN_OR_RETURN(
      const Bound bound,
      Bind(name, arguments, method->parameters, method->required));
  return method->run({name, self.text(), bound, heap});
}

}  // namespace pellucid::jinja
