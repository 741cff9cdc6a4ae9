#include "tokenizer/normal_form.h"

#include <utf8proc.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/utf8.h"
#include "tokenizer/unicode_tables.h"

namespace pellucid {
namespace {

using CodePoints = std::vector<utf8proc_int32_t>;

// The longest decomposition of one character, that of U+FDFA.
constexpr std::size_t kMaxDecomposition = 18;

bool Composes(NormalForm form) {
  return form == NormalForm::kNfc || form == NormalForm::kNfkc;
}

bool IsCompatible(NormalForm form) {
  return form == NormalForm::kNfkc || form == NormalForm::kNfkd;
}

void AppendDecomposition(char32_t code, NormalForm form, CodePoints& out) {
  std::array<utf8proc_int32_t, kMaxDecomposition> parts;
  const utf8proc_ssize_t count = utf8proc_decompose_char(
      static_cast<utf8proc_int32_t>(code), parts.data(), parts.size(),
      static_cast<utf8proc_option_t>(
          UTF8PROC_STABLE | UTF8PROC_DECOMPOSE |
          (IsCompatible(form) ? static_cast<int>(UTF8PROC_COMPAT) : 0)),
      nullptr);
  const auto end =
      parts.begin() + std::clamp<utf8proc_ssize_t>(count, 0, kMaxDecomposition);
  out.insert(out.end(), parts.begin(), end);
}

auto CombiningClass(utf8proc_int32_t code) {
  return utf8proc_get_property(code)->combining_class;
}

// Canonical ordering. utf8proc_decompose() would do it in quadratic time,
// which a text of nothing but marks makes minutes of.
void SortMarks(CodePoints& codes) {
  const auto is_mark = [](auto code) { return CombiningClass(code) != 0; };
  for (auto begin = codes.begin(); begin != codes.end();) {
    begin = std::find_if(begin, codes.end(), is_mark);
    const auto end = std::find_if_not(begin, codes.end(), is_mark);
    std::stable_sort(begin, end, [](auto a, auto b) {
      return CombiningClass(a) < CombiningClass(b);
    });
    begin = end;
  }
}

// Normalises `codes`, decomposed already, appends them and leaves none.
void FlushRun(NormalForm form, CodePoints& codes, std::string& out) {
  SortMarks(codes);
  if (Composes(form)) {
    const utf8proc_ssize_t count = utf8proc_normalize_utf32(
        codes.data(), static_cast<utf8proc_ssize_t>(codes.size()),
        static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE));
    codes.resize(static_cast<std::size_t>(count));
  }
  for (const utf8proc_int32_t code : codes) {
    AppendUtf8(static_cast<char32_t>(code), out);
  }
  codes.clear();
}

// The lead byte from which on characters may change. Text below U+0300 holds
// neither combining marks nor characters that a canonical decomposition leads
// to: it is its own NFC. U+00C0 decomposes, U+00A0 has a compatible form.
std::uint8_t FirstLead(NormalForm form) {
  if (IsCompatible(form)) return 0xc2;
  return Composes(form) ? 0xcc : 0xc3;
}

}  // namespace

std::string_view Normalise(NormalForm form, std::string_view text,
                           std::string& storage) {
  const std::uint8_t lead = FirstLead(form);
  if (std::all_of(text.begin(), text.end(), [lead](char byte) {
        return static_cast<std::uint8_t>(byte) < lead;
      })) {
    return text;
  }
  storage.clear();
  storage.reserve(text.size());
  CodePoints run;
  for (std::size_t i = 0; i < text.size();) {
    const Utf8Char c = DecodeUtf8(text, i);
    if ((ClassOf(c.code) & kNewerThanNfc) != 0) {
      FlushRun(form, run, storage);
      AppendUtf8(c.code, storage);
    } else {
      AppendDecomposition(c.code, form, run);
    }
    i += c.bytes;
  }
  FlushRun(form, run, storage);
  return storage;
}

}  // namespace pellucid
