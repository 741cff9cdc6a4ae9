#include "testutil/safetensors_builder.h"

#include <cstdint>

#include "testutil/gguf_builder.h"

namespace pellucid::testutil {

SafetensorsBuilder& SafetensorsBuilder::Tensor(
    std::string_view name, std::string_view dtype,
    const std::vector<std::size_t>& shape, const Bytes& data) {
  std::string dims;
  for (const std::size_t dim : shape) {
    if (!dims.empty()) dims += ",";
    dims += std::to_string(dim);
  }
  if (!entries_.empty()) entries_ += ",";
  entries_ += "\"" + std::string(name) + "\":{\"dtype\":\"" +
              std::string(dtype) + "\",\"shape\":[" + dims +
              "],\"data_offsets\":[" + std::to_string(data_.size()) + "," +
              std::to_string(data_.size() + data.size()) + "]}";
  data_.insert(data_.end(), data.begin(), data.end());
  return *this;
}

SafetensorsBuilder& SafetensorsBuilder::Floats(
    std::string_view name, const std::vector<std::size_t>& shape,
    const std::vector<float>& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return Tensor(name, "F32", shape, {bytes.begin(), bytes.end()});
}

SafetensorsBuilder& SafetensorsBuilder::PadHeader(std::size_t blanks) {
  blanks_ = blanks;
  return *this;
}

SafetensorsBuilder::Bytes SafetensorsBuilder::Build() const {
  const std::string json = "{" + entries_ + "}" + std::string(blanks_, ' ');
  return Concat({BytesOf(std::uint64_t{json.size()}), TextBytes(json), data_});
}

}  // namespace pellucid::testutil
