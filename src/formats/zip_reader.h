// Reads zip archives (PKWARE APPNOTE 6.3.10), zip64 included: what numpy's .npz
// and torch's .pt files are.
//
//   PELLUCID_ASSIGN_OR_RETURN(const ZipFile zip, ZipFile::Open("x.npz"));
//   PELLUCID_ASSIGN_OR_RETURN(const ZipData data, zip.Read("a.npy"));
//
// Entries are found by the central directory, so data descriptors do not
// matter. Stored entries are views of the mapped file; deflated ones are
// inflated when they are read, into as many bytes as the directory says and no
// more. Anything else (encryption, other methods, several disks) is refused.
#ifndef PELLUCID_FORMATS_ZIP_READER_H_
#define PELLUCID_FORMATS_ZIP_READER_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mapped_file.h"
#include "formats/byte_reader.h"
#include "pellucid/result.h"

namespace pellucid {

struct ZipEntry {
  std::string name;  // as in the file
  bool deflated = false;
  std::uint32_t crc = 0;
  std::uint64_t size = 0;             // of the data as it is read
  std::span<const std::byte> stored;  // as it lies in the file
};

// The data of an entry, which lives as long as this and the file do.
class ZipData {
 public:
  std::span<const std::byte> bytes() const {
    return owned_ ? std::span<const std::byte>(*owned_) : view_;
  }

 private:
  friend class ZipFile;
  std::span<const std::byte> view_;
  std::optional<std::vector<std::byte>> owned_;
};

class ZipFile {
 public:
  // kModel: cannot be read, or is no zip archive or a damaged one. Reads the
  // directory only.
  static Result<ZipFile> Open(const std::string& path);

  // The same on bytes in memory, which must outlive the result. `name` stands
  // for the path in messages.
  static Result<ZipFile> Parse(std::span<const std::byte> bytes,
                               const std::string& name);

  const std::string& name() const { return name_; }

  // In the order of the directory; no name stands twice.
  std::span<const ZipEntry> entries() const { return entries_; }
  const ZipEntry* Find(std::string_view name) const;

  // An entry's data, whose checksum is compared. kModel: it does not fit, or
  // the data cannot be inflated to just its size.
  Result<ZipData> Read(const ZipEntry& entry) const;

 private:
  Status ReadDirectory(std::span<const std::byte> bytes);
  Status AddEntry(std::span<const std::byte> bytes, ByteReader& directory);
  Error Problem(std::string_view what) const;

  std::string name_;
  std::optional<MappedFile> file_;
  std::vector<ZipEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_ZIP_READER_H_
