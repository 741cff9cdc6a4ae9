// Writes zip archives of stored (uncompressed) entries in one pass (PKWARE
// APPNOTE 6.3.10; zip64, section 4.3.14, where a size, an offset or the number
// of entries needs it).
//
//   1. per entry: local header (4.3.7), name, data
//   2. central directory: one header an entry (4.3.12)
//   3. end records (4.3.14 to 4.3.16)
// Dates are fixed (1980-01-01), so the same entries give the same bytes.
#ifndef PELLUCID_FORMATS_ZIP_WRITER_H_
#define PELLUCID_FORMATS_ZIP_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_sink.h"
#include "pellucid/result.h"

namespace pellucid {

class ZipWriter {
 public:
  // Sizes and offsets from `zip64_from` on are written as zip64: lower in
  // tests, which write no 4 GiB.
  explicit ZipWriter(ByteSink sink, std::uint64_t zip64_from = 0xffffffff);

  // Adds the entry `name` (UTF-8, at most 65535 bytes) with `head` followed by
  // `body` as its data. Errors: those of the sink; kFailed for a longer name.
  Status Add(std::string_view name, std::span<const std::byte> head,
             std::span<const std::byte> body);

  // Writes the directory. Called once, last.
  Status Finish();

 private:
  struct Entry {
    std::string name;
    std::uint32_t crc = 0;
    std::uint64_t size = 0;
    std::uint64_t offset = 0;
  };
  Status Send(std::span<const std::byte> bytes);
  std::string CentralHeader(const Entry& entry) const;
  std::string EndRecords(std::uint64_t start) const;

  ByteSink sink_;
  std::uint64_t zip64_from_;
  std::uint64_t offset_ = 0;  // bytes sent
  std::vector<Entry> entries_;
};

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_ZIP_WRITER_H_
