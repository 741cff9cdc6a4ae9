#include "formats/npz.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "base/quote.h"
#include "base/utf8.h"
#include "fmt/format.h"

namespace pellucid {
namespace {

static_assert(std::endian::native == std::endian::little);

// NumPy aligns the data within each .npy by this.
constexpr std::size_t kDataAlignment = 64;

// A Python tuple: "()", "(3,)", "(2, 3)".
std::string TupleOf(std::span<const std::size_t> shape) {
  return fmt::format("({}{})", fmt::join(shape, ", "),
                     shape.size() == 1 ? "," : "");
}

// Magic, version 1.0, u16 length, and a Python dictionary that ends in a
// newline at a multiple of 64.
std::string NpyHeader(std::string_view type,
                      std::span<const std::size_t> shape) {
  std::string dictionary =
      fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}",
                  type, TupleOf(shape));
  constexpr std::size_t kBefore = 6 + 2 + 2;
  while ((kBefore + dictionary.size() + 1) % kDataAlignment != 0) {
    dictionary += ' ';
  }
  dictionary += '\n';
  std::string header("\x93NUMPY\x01\x00", 8);
  header += static_cast<char>(dictionary.size() & 0xff);
  header += static_cast<char>(dictionary.size() >> 8);
  return header + dictionary;
}

}  // namespace

Result<NpzWriter> NpzWriter::Create(const std::string& path) {
  PELLUCID_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  auto kept = std::make_unique<AtomicFile>(std::move(file));
  NpzWriter writer(kept->Sink());
  writer.file_ = std::move(kept);
  return writer;
}

NpzWriter::NpzWriter(ByteSink sink) : zip_(std::move(sink)) {}

Status NpzWriter::Add(std::string_view name, std::string_view type,
                      std::span<const std::size_t> shape,
                      std::span<const std::byte> data) {
  if (!names_.insert(std::string(name)).second) {
    return FailedError(
        fmt::format("write: two arrays are named {}", Quote(name)));
  }
  return zip_.Add(std::string(name) + ".npy", AsBytes(NpyHeader(type, shape)),
                  data);
}

Status NpzWriter::AddFloats(std::string_view name,
                            std::span<const std::size_t> shape,
                            std::span<const float> values) {
  return Add(name, "<f4", shape, std::as_bytes(values));
}

Status NpzWriter::AddIntegers(std::string_view name,
                              std::span<const std::size_t> shape,
                              std::span<const std::int64_t> values) {
  return Add(name, "<i8", shape, std::as_bytes(values));
}

Status NpzWriter::AddText(std::string_view name, std::string_view text) {
  const std::string valid = LossyUtf8(text);
  std::vector<char32_t> codes;
  for (std::size_t i = 0; i < valid.size();) {
    const Utf8Char next = DecodeUtf8(valid, i);
    codes.push_back(next.code);
    i += next.bytes;
  }
  if (codes.empty()) codes.push_back(0);  // NumPy has no '<U0' of its own
  return Add(name, fmt::format("<U{}", codes.size()), {},
             std::as_bytes(std::span(codes)));
}

Status NpzWriter::Finish() {
  PELLUCID_RETURN_IF_ERROR(zip_.Finish());
  return file_ ? file_->Commit() : Status();
}

}  // namespace pellucid
