#include "formats/byte_reader.h"

#include <string>

#include "base/quote.h"
#include "fmt/format.h"

namespace pellucid {

Result<std::span<const std::byte>> ByteReader::Bytes(std::uint64_t count,
                                                     ItemLabel label) {
  if (count > remaining()) return TooShort(count, label);
  const auto size = static_cast<std::size_t>(count);
  const auto view = bytes_.subspan(offset_, size);
  offset_ += size;
  return view;
}

Result<std::string_view> ByteReader::Text(std::uint64_t count,
                                          ItemLabel label) {
  PELLUCID_ASSIGN_OR_RETURN(const auto bytes, Bytes(count, label));
  return std::string_view(reinterpret_cast<const char*>(bytes.data()),
                          bytes.size());
}

Result<std::string_view> ByteReader::LengthAndText(ItemLabel label) {
  const std::size_t start = offset_;
  PELLUCID_ASSIGN_OR_RETURN(const auto length, Read<std::uint64_t>(label));
  auto text = Text(length, label);
  if (!text.ok()) offset_ = start;
  return text;
}

Error ByteReader::Problem(std::string_view what) const {
  return ModelError(fmt::format("open: {}: {}", name_, what));
}

Error ByteReader::TooShort(std::uint64_t wanted, ItemLabel label) const {
  const std::string object =
      label.of.empty() ? std::string(label.what)
                       : fmt::format("{} {}", label.what, Quote(label.of));
  return Problem(
      fmt::format("{} needs {} bytes at offset {}, but the file has {} left; "
                  "it is cut short or damaged, fetch it again",
                  object, wanted, offset_, remaining()));
}

}  // namespace pellucid
