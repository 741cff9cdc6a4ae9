#include "formats/zip_reader.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "base/quote.h"
#include "formats/crc32.h"

namespace pellucid {
namespace {

constexpr std::uint32_t kLocalHeader = 0x04034b50;
constexpr std::uint32_t kCentralHeader = 0x02014b50;
constexpr std::uint32_t kEndRecord = 0x06054b50;
constexpr std::uint32_t kZip64EndRecord = 0x06064b50;
constexpr std::uint32_t kZip64Locator = 0x07064b50;
constexpr std::size_t kEndRecordBytes = 22;  // without its comment
constexpr std::size_t kZip64LocatorBytes = 20;
constexpr std::size_t kMaxComment = 0xffff;

// No file of weights has more, and a directory is read whole.
constexpr std::uint64_t kMaxEntries = 1 << 20;
// What deflate can make of a byte at most (zlib's technical notes).
constexpr std::uint64_t kMaxInflation = 1032;

constexpr std::uint16_t kEncrypted = 1;  // general purpose bit 0
constexpr std::uint16_t kZip64Extra = 1;
enum Method : std::uint16_t { kStored = 0, kDeflated = 8 };

// Where the end record begins: the last place with its signature whose comment
// ends the file.
std::optional<std::size_t> FindEndRecord(std::span<const std::byte> bytes,
                                         std::string_view name) {
  if (bytes.size() < kEndRecordBytes) return std::nullopt;
  const std::size_t last = bytes.size() - kEndRecordBytes;
  const std::size_t first = last - std::min(last, kMaxComment);
  for (std::size_t at = last + 1; at-- > first;) {
    ByteReader reader(bytes.subspan(at), name);
    if (*reader.Read<std::uint32_t>("signature") != kEndRecord) continue;
    ByteReader comment(bytes.subspan(at + 20), name);
    if (*comment.Read<std::uint16_t>("comment length") == last - at) return at;
  }
  return std::nullopt;
}

// Where the central directory lies.
struct Directory {
  std::uint64_t entries = 0, size = 0, offset = 0;
};

Result<Directory> ReadEndRecord(std::span<const std::byte> bytes,
                                std::size_t at, std::string_view name) {
  ByteReader end(bytes.subspan(at + 4), name);
  std::uint16_t disk = 0, start_disk = 0, here = 0, all = 0;
  for (std::uint16_t* field : {&disk, &start_disk, &here, &all}) {
    PELLUCID_ASSIGN_OR_RETURN(*field, end.Read<std::uint16_t>("end record"));
  }
  Directory out{.entries = all};
  PELLUCID_ASSIGN_OR_RETURN(out.size, end.Read<std::uint32_t>("end record"));
  PELLUCID_ASSIGN_OR_RETURN(out.offset, end.Read<std::uint32_t>("end record"));
  if (disk != start_disk || here != all) {
    return end.Problem("is one of several disks; join them to one archive");
  }
  return out;
}

// The zip64 end record, where a locator for it stands before the plain one.
Result<std::optional<Directory>> ReadZip64EndRecord(
    std::span<const std::byte> bytes, std::size_t end, std::string_view name) {
  if (end < kZip64LocatorBytes) return std::optional<Directory>();
  ByteReader locator(bytes.subspan(end - kZip64LocatorBytes), name);
  if (*locator.Read<std::uint32_t>("zip64 locator") != kZip64Locator) {
    return std::optional<Directory>();
  }
  PELLUCID_RETURN_IF_ERROR(locator.Bytes(4, "zip64 locator"));
  PELLUCID_ASSIGN_OR_RETURN(const std::uint64_t at,
                            locator.Read<std::uint64_t>("zip64 locator"));
  ByteReader record(bytes, name);
  PELLUCID_RETURN_IF_ERROR(record.Bytes(at, "zip64 end record"));
  PELLUCID_ASSIGN_OR_RETURN(const auto signature,
                            record.Read<std::uint32_t>("zip64 end record"));
  if (signature != kZip64EndRecord) {
    return record.Problem("zip64 end record: is not where its locator says");
  }
  // Its own size, versions, and the numbers of disks.
  PELLUCID_RETURN_IF_ERROR(record.Bytes(8 + 4 + 8 + 8, "zip64 end record"));
  Directory out;
  for (std::uint64_t* field : {&out.entries, &out.size, &out.offset}) {
    PELLUCID_ASSIGN_OR_RETURN(*field,
                              record.Read<std::uint64_t>("zip64 end record"));
  }
  return std::optional<Directory>(out);
}

// The fields of a central header (4.3.12) that matter.
struct CentralHeader {
  std::uint16_t flags = 0, method = 0, name = 0, extra = 0, comment = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0, size = 0, offset = 0;
};

Result<CentralHeader> ReadCentralHeader(ByteReader& in) {
  constexpr const char* kWhat = "directory entry";
  PELLUCID_ASSIGN_OR_RETURN(const auto signature,
                            in.Read<std::uint32_t>(kWhat));
  if (signature != kCentralHeader) {
    return in.Problem("directory: an entry has no signature");
  }
  CentralHeader out;
  PELLUCID_RETURN_IF_ERROR(in.Bytes(4, kWhat));  // versions
  PELLUCID_ASSIGN_OR_RETURN(out.flags, in.Read<std::uint16_t>(kWhat));
  PELLUCID_ASSIGN_OR_RETURN(out.method, in.Read<std::uint16_t>(kWhat));
  PELLUCID_RETURN_IF_ERROR(in.Bytes(4, kWhat));  // date
  PELLUCID_ASSIGN_OR_RETURN(out.crc, in.Read<std::uint32_t>(kWhat));
  PELLUCID_ASSIGN_OR_RETURN(out.packed, in.Read<std::uint32_t>(kWhat));
  PELLUCID_ASSIGN_OR_RETURN(out.size, in.Read<std::uint32_t>(kWhat));
  for (std::uint16_t* field : {&out.name, &out.extra, &out.comment}) {
    PELLUCID_ASSIGN_OR_RETURN(*field, in.Read<std::uint16_t>(kWhat));
  }
  PELLUCID_RETURN_IF_ERROR(in.Bytes(8, kWhat));  // disk, attributes
  PELLUCID_ASSIGN_OR_RETURN(out.offset, in.Read<std::uint32_t>(kWhat));
  return out;
}

// Replaces what a zip64 extra field (4.5.3) holds instead: in this order, those
// that are all ones.
Status ReadZip64Extra(std::span<const std::byte> extra, std::string_view name,
                      CentralHeader& header) {
  ByteReader in(extra, name);
  while (in.remaining() >= 4) {
    PELLUCID_ASSIGN_OR_RETURN(const auto id,
                              in.Read<std::uint16_t>("extra field"));
    PELLUCID_ASSIGN_OR_RETURN(const auto size,
                              in.Read<std::uint16_t>("extra field"));
    PELLUCID_ASSIGN_OR_RETURN(const auto field, in.Bytes(size, "extra field"));
    if (id != kZip64Extra) continue;
    ByteReader numbers(field, name);
    for (std::uint64_t* value :
         {&header.size, &header.packed, &header.offset}) {
      if (*value != std::numeric_limits<std::uint32_t>::max()) continue;
      PELLUCID_ASSIGN_OR_RETURN(*value,
                                numbers.Read<std::uint64_t>("zip64 sizes"));
    }
  }
  return {};
}

// The data of an entry, behind its local header, whose name and extra field
// have lengths of their own.
Result<std::span<const std::byte>> FindData(std::span<const std::byte> bytes,
                                            const CentralHeader& header,
                                            std::string_view file) {
  ByteReader in(bytes, file);
  PELLUCID_RETURN_IF_ERROR(in.Bytes(header.offset, "local header"));
  PELLUCID_ASSIGN_OR_RETURN(const auto signature,
                            in.Read<std::uint32_t>("local header"));
  if (signature != kLocalHeader) {
    return in.Problem("an entry is not where the directory says");
  }
  PELLUCID_RETURN_IF_ERROR(in.Bytes(22, "local header"));
  PELLUCID_ASSIGN_OR_RETURN(const auto name,
                            in.Read<std::uint16_t>("local header"));
  PELLUCID_ASSIGN_OR_RETURN(const auto extra,
                            in.Read<std::uint16_t>("local header"));
  PELLUCID_RETURN_IF_ERROR(
      in.Bytes(std::uint64_t{name} + extra, "local header"));
  return in.Bytes(header.packed, "data of an entry");
}

// Inflates raw deflate data into all of `out`; false: it does not fill it, or
// holds more.
bool Inflate(std::span<const std::byte> in, std::span<std::byte> out) {
  constexpr std::size_t kStep = std::size_t{1} << 30;  // zlib counts in 32 bits
  const std::size_t size = out.size();
  Bytef beyond = 0;  // room to say that the data ended, or did not
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return false;
  int status = Z_OK;
  while (status == Z_OK && stream.total_out <= size) {
    if (stream.avail_in == 0) {
      const std::size_t count = std::min(in.size(), kStep);
      stream.next_in =
          reinterpret_cast<z_const Bytef*>(const_cast<std::byte*>(in.data()));
      stream.avail_in = static_cast<uInt>(count);
      in = in.subspan(count);
    }
    if (stream.avail_out == 0) {
      const std::size_t count = std::min(out.size(), kStep);
      stream.next_out =
          count == 0 ? &beyond : reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = count == 0 ? 1 : static_cast<uInt>(count);
      out = out.subspan(count);
    }
    status = inflate(&stream, Z_NO_FLUSH);
  }
  const bool filled = stream.total_out == size;
  inflateEnd(&stream);
  return status == Z_STREAM_END && filled;
}

}  // namespace

Result<ZipFile> ZipFile::Open(const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(MappedFile file, MappedFile::Open(path));
  PELLUCID_ASSIGN_OR_RETURN(ZipFile zip, Parse(file.bytes(), path));
  zip.file_ = std::move(file);
  return zip;
}

Result<ZipFile> ZipFile::Parse(std::span<const std::byte> bytes,
                               const std::string& name) {
  ZipFile zip;
  zip.name_ = name;
  PELLUCID_RETURN_IF_ERROR(zip.ReadDirectory(bytes));
  return zip;
}

const ZipEntry* ZipFile::Find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &entries_[found->second];
}

Error ZipFile::Problem(std::string_view what) const {
  return ModelError(fmt::format(
      "open: {}: {}; the file is damaged, fetch it again", name_, what));
}

Status ZipFile::ReadDirectory(std::span<const std::byte> bytes) {
  const std::optional<std::size_t> end = FindEndRecord(bytes, name_);
  if (!end) return Problem("is no zip archive, or its end is missing");
  PELLUCID_ASSIGN_OR_RETURN(Directory directory,
                            ReadEndRecord(bytes, *end, name_));
  PELLUCID_ASSIGN_OR_RETURN(const std::optional<Directory> large,
                            ReadZip64EndRecord(bytes, *end, name_));
  if (large) directory = *large;
  if (directory.entries > kMaxEntries) {
    return Problem(fmt::format("directory: states {} entries, more than {}",
                               directory.entries, kMaxEntries));
  }
  ByteReader all(bytes, name_);
  PELLUCID_RETURN_IF_ERROR(all.Bytes(directory.offset, "directory"));
  PELLUCID_ASSIGN_OR_RETURN(const auto listed,
                            all.Bytes(directory.size, "directory"));
  ByteReader reader(listed, name_);
  for (std::uint64_t i = 0; i < directory.entries; ++i) {
    PELLUCID_RETURN_IF_ERROR(AddEntry(bytes, reader));
  }
  return {};
}

Status ZipFile::AddEntry(std::span<const std::byte> bytes,
                         ByteReader& directory) {
  PELLUCID_ASSIGN_OR_RETURN(CentralHeader header, ReadCentralHeader(directory));
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view name,
                            directory.Text(header.name, "name of an entry"));
  PELLUCID_ASSIGN_OR_RETURN(const auto extra,
                            directory.Bytes(header.extra, "extra field"));
  PELLUCID_RETURN_IF_ERROR(directory.Bytes(header.comment, "comment"));
  PELLUCID_RETURN_IF_ERROR(ReadZip64Extra(extra, name_, header));
  const auto refuse = [&](std::string_view what) {
    return Problem(fmt::format("entry {}: {}", Quote(name), what));
  };
  if ((header.flags & kEncrypted) != 0) return refuse("is encrypted");
  if (header.method != kStored && header.method != kDeflated) {
    return refuse(fmt::format(
        "is packed by method {}; only 0 (stored) and 8 (deflated) are read",
        header.method));
  }
  if (header.method == kStored ? header.packed != header.size
                               : header.size / kMaxInflation > header.packed) {
    return refuse(
        fmt::format("{} bytes cannot hold its {}", header.packed, header.size));
  }
  PELLUCID_ASSIGN_OR_RETURN(const auto data, FindData(bytes, header, name_));
  if (!index_.emplace(name, entries_.size()).second) {
    return refuse("stands twice");
  }
  entries_.push_back({std::string(name), header.method == kDeflated, header.crc,
                      header.size, data});
  return {};
}

Result<ZipData> ZipFile::Read(const ZipEntry& entry) const {
  ZipData data;
  if (entry.deflated) {
    data.owned_.emplace(entry.size);
    if (!Inflate(entry.stored, *data.owned_)) {
      return Problem(
          fmt::format("entry {}: its data do not inflate to {} "
                      "bytes",
                      Quote(entry.name), entry.size));
    }
  } else {
    data.view_ = entry.stored;
  }
  if (Crc32(data.bytes()) != entry.crc) {
    return Problem(
        fmt::format("entry {}: its checksum differs", Quote(entry.name)));
  }
  return data;
}

}  // namespace pellucid
