#include "formats/safetensors_writer.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstdint>
#include <iterator>
#include <vector>

#include "base/atomic_file.h"
#include "base/quote.h"
#include "fmt/format.h"
#include "formats/json_text.h"

namespace pellucid {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::size_t kDataAlignment = 8;

std::span<const std::byte> BytesOf(const NamedFloats& tensor) {
  return tensor.doubles.empty() ? std::as_bytes(tensor.values)
                                : std::as_bytes(tensor.doubles);
}

std::vector<NamedFloats> SortedByName(std::span<const NamedFloats> tensors) {
  std::vector<NamedFloats> sorted(tensors.begin(), tensors.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const NamedFloats& a, const NamedFloats& b) {
              return a.name < b.name;
            });
  return sorted;
}

Status CheckNames(std::span<const NamedFloats> sorted) {
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i].name == "__metadata__") {
      return FailedError(
          "write: a tensor is named __metadata__, which the format reserves");
    }
    if (i > 0 && sorted[i].name == sorted[i - 1].name) {
      return FailedError(fmt::format("write: two tensors are named {}",
                                     Quote(sorted[i].name)));
    }
  }
  return {};
}

std::string HeaderText(std::span<const NamedFloats> tensors,
                       const TextMap& metadata) {
  std::string out = "{";
  if (!metadata.empty()) {
    out += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata) {
      if (out.back() != '{') out += ',';
      AppendJsonString(key, out);
      out += ':';
      AppendJsonString(value, out);
    }
    out += '}';
  }
  std::uint64_t begin = 0;
  for (const NamedFloats& tensor : tensors) {
    if (out.size() > 1) out += ',';
    AppendJsonString(tensor.name, out);
    const std::uint64_t end = begin + BytesOf(tensor).size();
    fmt::format_to(std::back_inserter(out),
                   R"(:{{"dtype":"{}","shape":[{}],"data_offsets":[{},{}]}})",
                   tensor.doubles.empty() ? "F32" : "F64",
                   fmt::join(tensor.shape, ","), begin, end);
    begin = end;
  }
  out += '}';
  while (out.size() % kDataAlignment != 0) out += ' ';
  return out;
}

}  // namespace

Status WriteSafetensors(const ByteSink& sink,
                        std::span<const NamedFloats> tensors,
                        const TextMap& metadata) {
  const std::vector<NamedFloats> sorted = SortedByName(tensors);
  PELLUCID_RETURN_IF_ERROR(CheckNames(sorted));
  const std::string header = HeaderText(sorted, metadata);
  const std::uint64_t size = header.size();
  PELLUCID_RETURN_IF_ERROR(sink(std::as_bytes(std::span(&size, 1))));
  PELLUCID_RETURN_IF_ERROR(sink(AsBytes(header)));
  for (const NamedFloats& tensor : sorted) {
    PELLUCID_RETURN_IF_ERROR(sink(BytesOf(tensor)));
  }
  return {};
}

Status WriteSafetensors(const std::string& path,
                        std::span<const NamedFloats> tensors,
                        const TextMap& metadata) {
  PELLUCID_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  PELLUCID_RETURN_IF_ERROR(WriteSafetensors(file.Sink(), tensors, metadata));
  return file.Commit();
}

}  // namespace pellucid
