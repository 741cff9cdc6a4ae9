#include "formats/npy_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/checked.h"
#include "base/dtype.h"
#include "base/quote.h"
#include "formats/byte_reader.h"
#include "kernels/decode.h"

namespace pellucid {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxHeader = 1 << 16;
constexpr std::size_t kMaxRank = 32;  // numpy's own limit was that, long

struct Header {
  std::string_view descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<std::size_t>> shape;
};

// The dict of three keys that numpy writes, and no other Python.
class HeaderParser {
 public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  // Nothing: it is no such dict.
  std::optional<Header> Parse() {
    Header header;
    if (!Take('{')) return std::nullopt;
    while (!Take('}')) {
      const std::optional<std::string_view> key = String();
      if (!key || !Take(':') || !Value(*key, header)) return std::nullopt;
      if (Take(',')) continue;
      if (!Take('}')) return std::nullopt;
      break;
    }
    SkipBlanks();
    const bool whole = at_ == text_.size() && !header.descr.empty() &&
                       header.fortran_order && header.shape;
    return whole ? std::optional(header) : std::nullopt;
  }

 private:
  void SkipBlanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) {
      ++at_;
    }
  }
  bool Take(char c) {
    SkipBlanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool TakeWord(std::string_view word) {
    SkipBlanks();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  std::optional<std::string_view> String() {
    SkipBlanks();
    if (at_ >= text_.size()) return std::nullopt;
    const char quote = text_[at_];
    if (quote != '\'' && quote != '"') return std::nullopt;
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view out = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return out;
  }
  std::optional<std::size_t> Number() {
    SkipBlanks();
    std::size_t value = 0;
    const char* end = text_.data() + text_.size();
    const auto [next, error] = std::from_chars(text_.data() + at_, end, value);
    if (error != std::errc()) return std::nullopt;
    at_ = static_cast<std::size_t>(next - text_.data());
    TakeWord("L");  // Python 2's long integers
    return value;
  }
  std::optional<std::vector<std::size_t>> Tuple() {
    std::vector<std::size_t> out;
    if (!Take('(')) return std::nullopt;
    while (!Take(')')) {
      const std::optional<std::size_t> number = Number();
      if (!number || out.size() == kMaxRank) return std::nullopt;
      out.push_back(*number);
      if (Take(',')) continue;
      if (!Take(')')) return std::nullopt;
      break;
    }
    return out;
  }
  bool Value(std::string_view key, Header& header) {
    if (key == "descr") {
      const auto text = String();
      if (text) header.descr = *text;
      return text.has_value();
    }
    if (key == "fortran_order") {
      if (TakeWord("True")) header.fortran_order = true;
      if (TakeWord("False")) header.fortran_order = false;
      return header.fortran_order.has_value();
    }
    if (key == "shape") header.shape = Tuple();
    return key == "shape" && header.shape;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<DType> TypeOf(std::string_view descr) {
  if (descr == "<f4") return DType::kF32;
  if (descr == "<f2") return DType::kF16;
  if (descr == "<f8") return DType::kF64;
  if (descr == "|V2" || descr == "<V2") return DType::kBF16;
  return std::nullopt;
}

// Elements whose first dimension is fastest, with the last one fastest.
std::vector<float> FromFortranOrder(std::span<const std::size_t> shape,
                                    const std::vector<float>& in) {
  std::vector<std::size_t> steps(shape.size());
  std::size_t step = 1;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    steps[d] = step;
    step *= shape[d];
  }
  std::vector<float> out(in.size());
  std::vector<std::size_t> index(shape.size());
  std::size_t at = 0;
  for (float& value : out) {
    value = in[at];
    for (std::size_t d = shape.size(); d-- > 0;) {
      at += steps[d];
      if (++index[d] < shape[d]) break;
      at -= steps[d] * shape[d];
      index[d] = 0;
    }
  }
  return out;
}

}  // namespace

Result<Tensor> ReadNpy(std::span<const std::byte> bytes,
                       std::string_view name) {
  ByteReader in(bytes, name);
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view magic,
                            in.Text(kMagic.size(), "signature"));
  if (magic != kMagic) return in.Problem("is no .npy array");
  PELLUCID_ASSIGN_OR_RETURN(const auto major, in.Read<std::uint8_t>("version"));
  PELLUCID_RETURN_IF_ERROR(in.Bytes(1, "version"));
  std::uint32_t length = 0;
  if (major == 1) {
    PELLUCID_ASSIGN_OR_RETURN(length, in.Read<std::uint16_t>("header length"));
  } else {
    PELLUCID_ASSIGN_OR_RETURN(length, in.Read<std::uint32_t>("header length"));
  }
  if (major < 1 || major > 3 || length > kMaxHeader) {
    return in.Problem("is of no known version; save it with numpy.save");
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view text,
                            in.Text(length, "header"));
  const std::optional<Header> header = HeaderParser(text).Parse();
  if (!header) return in.Problem("has a header that numpy does not write");
  const std::optional<DType> dtype = TypeOf(header->descr);
  if (!dtype) {
    return in.Problem(
        fmt::format("holds elements of type \"{}\"; save them as float32 (<f4)",
                    Quote(header->descr)));
  }
  std::optional<std::uint64_t> size = RowBytes(*dtype, 1);
  for (const std::size_t dim : *header->shape) {
    if (size) size = CheckedMultiply(*size, dim);
  }
  if (!size || *size != in.remaining()) {
    return in.Problem(fmt::format(
        "has {} bytes of elements, where its shape ({}) asks for others; it is "
        "damaged",
        in.remaining(), fmt::join(*header->shape, ", ")));
  }
  PELLUCID_ASSIGN_OR_RETURN(const auto data, in.Bytes(*size, "elements"));
  Tensor out;
  out.shape = *header->shape;
  out.data.resize(data.size() / RowBytes(*dtype, 1));
  if (out.data.empty()) return out;
  kernels::DecodeRow(*dtype, data.data(), out.data);
  if (*header->fortran_order) out.data = FromFortranOrder(out.shape, out.data);
  return out;
}

}  // namespace pellucid
