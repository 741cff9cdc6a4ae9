// The one cursor over bytes that nobody vouches for.
//
// All parsers of binary files read through it, so that the test whether a
// range lies inside stands in one place, in the form that cannot overflow (a
// length against what remains). Reads copy by memcpy: no alignment is assumed.
// A read that does not fit is an error naming the item and its offset, and
// leaves the cursor where it was.
#ifndef PELLUCID_FORMATS_BYTE_READER_H_
#define PELLUCID_FORMATS_BYTE_READER_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

#include "pellucid/result.h"

namespace pellucid {

// What is being read, for messages: "value of key", "general.name".
struct ItemLabel {
  std::string_view what;
  std::string_view of = {};  // from the file: quoted where it is shown

  ItemLabel(const char* w) : what(w) {}
  ItemLabel(std::string_view w, std::string_view o) : what(w), of(o) {}
};

class ByteReader {
 public:
  // `bytes` and `name` (the path, for messages) must outlive the reader; views
  // handed out live as long as `bytes`.
  ByteReader(std::span<const std::byte> bytes, std::string_view name)
      : bytes_(bytes), name_(name) {}

  std::size_t offset() const { return offset_; }
  std::size_t remaining() const { return bytes_.size() - offset_; }

  // A little-endian number. kModel: fewer than sizeof(T) bytes remain.
  template <typename T>
  Result<T> Read(ItemLabel label) {
    static_assert(std::is_arithmetic_v<T> && !std::is_same_v<T, bool>);
    static_assert(std::endian::native == std::endian::little);
    if (sizeof(T) > remaining()) return TooShort(sizeof(T), label);
    T value;
    std::memcpy(&value, bytes_.data() + offset_, sizeof(T));
    offset_ += sizeof(T);
    return value;
  }

  // The next `count` bytes. kModel: fewer remain.
  Result<std::span<const std::byte>> Bytes(std::uint64_t count,
                                           ItemLabel label);

  // The same as text, which need not be UTF-8.
  Result<std::string_view> Text(std::uint64_t count, ItemLabel label);

  // A u64 length and as many bytes: a string as GGUF writes it.
  Result<std::string_view> LengthAndText(ItemLabel label);

  // The same in a file of a million strings: false, and nothing read, where
  // LengthAndText would fail.
  bool TryLengthAndText(std::string_view* text) {
    std::uint64_t length = 0;
    if (sizeof(length) > remaining()) return false;
    std::memcpy(&length, bytes_.data() + offset_, sizeof(length));
    if (length > remaining() - sizeof(length)) return false;
    const auto* begin = bytes_.data() + offset_ + sizeof(length);
    *text = {reinterpret_cast<const char*>(begin),
             static_cast<std::size_t>(length)};
    offset_ += sizeof(length) + static_cast<std::size_t>(length);
    return true;
  }

  // kModel, "open: NAME: " and `what` (which says what to do).
  Error Problem(std::string_view what) const;

 private:
  Error TooShort(std::uint64_t wanted, ItemLabel label) const;

  std::span<const std::byte> bytes_;
  std::string_view name_;
  std::size_t offset_ = 0;  // <= bytes_.size()
};

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_BYTE_READER_H_
