#include "formats/zip_writer.h"

#include <algorithm>
#include <bit>
#include <type_traits>
#include <utility>

#include "base/quote.h"
#include "fmt/format.h"
#include "formats/crc32.h"

namespace pellucid {
namespace {

constexpr std::uint16_t kVersion = 20;       // 2.0: stored entries, folders
constexpr std::uint16_t kVersionZip64 = 45;  // 4.5
constexpr std::uint16_t kUtf8Names = 1 << 11;
constexpr std::uint16_t kDate = (0 << 9) | (1 << 5) | 1;  // 1980-01-01
constexpr std::uint16_t kZip64Extra = 0x0001;
constexpr std::uint32_t kSeeZip64 = 0xffffffff;
constexpr std::uint16_t kManyEntries = 0xffff;
constexpr std::size_t kMaxName = 0xffff;

// Appends a little-endian number of the width of T.
template <typename T>
void Put(std::string& out, std::type_identity_t<T> value) {
  static_assert(std::endian::native == std::endian::little);
  out.append(reinterpret_cast<const char*>(&value), sizeof(T));
}

// The fields that local and central headers share, from "version needed" to
// "extra field length".
void PutCommon(std::string& out, bool zip64, std::uint32_t crc,
               std::uint32_t size, std::size_t name, std::size_t extra) {
  Put<std::uint16_t>(out, zip64 ? kVersionZip64 : kVersion);
  Put<std::uint16_t>(out, kUtf8Names);
  Put<std::uint16_t>(out, 0);  // stored
  Put<std::uint16_t>(out, 0);  // time
  Put<std::uint16_t>(out, kDate);
  Put<std::uint32_t>(out, crc);
  Put<std::uint32_t>(out, size);  // compressed
  Put<std::uint32_t>(out, size);  // uncompressed
  Put<std::uint16_t>(out, static_cast<std::uint16_t>(name));
  Put<std::uint16_t>(out, static_cast<std::uint16_t>(extra));
}

// The zip64 extra field with `values`; empty without values.
std::string Extra(const std::vector<std::uint64_t>& values) {
  std::string out;
  if (values.empty()) return out;
  Put<std::uint16_t>(out, kZip64Extra);
  Put<std::uint16_t>(out, static_cast<std::uint16_t>(8 * values.size()));
  for (const std::uint64_t value : values) Put<std::uint64_t>(out, value);
  return out;
}

}  // namespace

ZipWriter::ZipWriter(ByteSink sink, std::uint64_t zip64_from)
    : sink_(std::move(sink)), zip64_from_(zip64_from) {}

Status ZipWriter::Send(std::span<const std::byte> bytes) {
  offset_ += bytes.size();
  return sink_(bytes);
}

Status ZipWriter::Add(std::string_view name, std::span<const std::byte> head,
                      std::span<const std::byte> body) {
  if (name.size() > kMaxName) {
    return FailedError(fmt::format(
        "write: zip entry {}: its name has {} bytes, at most {} are allowed",
        Quote(name), name.size(), kMaxName));
  }
  const Entry entry = {std::string(name), Crc32(body, Crc32(head)),
                       std::uint64_t{head.size()} + body.size(), offset_};
  const bool zip64 = entry.size >= zip64_from_;
  const std::string extra =
      zip64 ? Extra({entry.size, entry.size}) : std::string();
  std::string header = "PK\x03\x04";
  PutCommon(header, zip64, entry.crc,
            zip64 ? kSeeZip64 : static_cast<std::uint32_t>(entry.size),
            name.size(), extra.size());
  header += name;
  header += extra;
  PELLUCID_RETURN_IF_ERROR(Send(AsBytes(header)));
  PELLUCID_RETURN_IF_ERROR(Send(head));
  PELLUCID_RETURN_IF_ERROR(Send(body));
  entries_.push_back(entry);
  return {};
}

std::string ZipWriter::CentralHeader(const Entry& entry) const {
  const bool big_size = entry.size >= zip64_from_;
  const bool big_offset = entry.offset >= zip64_from_;
  std::vector<std::uint64_t> wide;
  if (big_size) wide = {entry.size, entry.size};
  if (big_offset) wide.push_back(entry.offset);
  const std::string extra = Extra(wide);
  std::string out = "PK\x01\x02";
  Put<std::uint16_t>(out, wide.empty() ? kVersion : kVersionZip64);  // made by
  PutCommon(out, !wide.empty(), entry.crc,
            big_size ? kSeeZip64 : static_cast<std::uint32_t>(entry.size),
            entry.name.size(), extra.size());
  Put<std::uint16_t>(out, 0);  // comment length
  Put<std::uint16_t>(out, 0);  // disk
  Put<std::uint16_t>(out, 0);  // internal attributes
  Put<std::uint32_t>(out, 0);  // external attributes
  Put<std::uint32_t>(
      out, big_offset ? kSeeZip64 : static_cast<std::uint32_t>(entry.offset));
  return out + entry.name + extra;
}

// The directory lies from `start` to offset_.
std::string ZipWriter::EndRecords(std::uint64_t start) const {
  const std::uint64_t count = entries_.size();
  const std::uint64_t size = offset_ - start;
  const bool zip64 =
      count >= kManyEntries || size >= zip64_from_ || start >= zip64_from_;
  std::string out;
  if (zip64) {
    out += "PK\x06\x06";
    Put<std::uint64_t>(out, 44);  // bytes of this record that follow
    Put<std::uint16_t>(out, kVersionZip64);
    Put<std::uint16_t>(out, kVersionZip64);
    Put<std::uint32_t>(out, 0);  // disk
    Put<std::uint32_t>(out, 0);  // disk of the directory
    Put<std::uint64_t>(out, count);
    Put<std::uint64_t>(out, count);
    Put<std::uint64_t>(out, size);
    Put<std::uint64_t>(out, start);
    out += "PK\x06\x07";
    Put<std::uint32_t>(out, 0);
    Put<std::uint64_t>(out, offset_);  // of the record above
    Put<std::uint32_t>(out, 1);        // disks
  }
  const auto clip = [&](std::uint64_t value) {
    return zip64 ? kSeeZip64 : static_cast<std::uint32_t>(value);
  };
  const auto entries = zip64 ? kManyEntries : static_cast<std::uint16_t>(count);
  out.append("PK\x05\x06");
  Put<std::uint32_t>(out, 0);  // disk, disk of the directory
  Put<std::uint16_t>(out, entries);
  Put<std::uint16_t>(out, entries);
  Put<std::uint32_t>(out, clip(size));
  Put<std::uint32_t>(out, clip(start));
  Put<std::uint16_t>(out, 0);  // comment length
  return out;
}

Status ZipWriter::Finish() {
  const std::uint64_t start = offset_;
  for (const Entry& entry : entries_) {
    PELLUCID_RETURN_IF_ERROR(Send(AsBytes(CentralHeader(entry))));
  }
  return Send(AsBytes(EndRecords(start)));
}

}  // namespace pellucid
