#include "render/json_writer.h"

#include <fmt/format.h>

#include <cassert>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

// Warnings inside the library's header are not ours to repair.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wpedantic"
#include <rapidjson/writer.h>
#pragma GCC diagnostic pop

#include "base/utf8.h"

namespace pellucid::render {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 16;  // a call of the
                                                            // sink is cheap
constexpr std::size_t kIndent = 1;  // columns a level; lines are long enough

// What RapidJSON writes to. RapidJSON alone knows where a comma or colon is
// due, JsonWriter alone knows what blank belongs there; so the blank is
// announced before each token and put behind the separator when it comes, or
// before the token where none comes.
class Output {
 public:
  using Ch = char;

  explicit Output(TextSink sink) : sink_(std::move(sink)) {
    buffer_.reserve(kBufferBytes);
  }

  void Announce(std::string after_separator, std::string if_none) {
    after_separator_ = std::move(after_separator);
    if_none_ = std::move(if_none);
    announced_ = true;
  }

  void Put(char c) {
    if (!std::exchange(announced_, false)) {
      buffer_ += c;
    } else if (c == ',' || c == ':') {  // no token begins with either
      buffer_ += c;
      buffer_ += after_separator_;
    } else {
      buffer_ += if_none_;
      buffer_ += c;
    }
    if (buffer_.size() >= kBufferBytes) Flush();
  }

  void Flush() {
    if (!buffer_.empty()) sink_(buffer_);
    buffer_.clear();
  }

 private:
  TextSink sink_;
  std::string buffer_;
  std::string after_separator_, if_none_;
  bool announced_ = false;
};

// `text` is a number in JSON's grammar (RFC 8259, section 6).
bool IsJsonNumber(std::string_view text) {
  std::size_t i = 0;
  const auto digits = [&] {
    const std::size_t begin = i;
    while (i < text.size() && text[i] >= '0' && text[i] <= '9') ++i;
    return i > begin;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const std::size_t first = i;
  if (!digits() || (text[first] == '0' && i > first + 1)) return false;
  if (i < text.size() && text[i] == '.' && (++i, !digits())) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

}  // namespace

TextSink AppendTo(std::string* out) {
  return [out](std::string_view part) { out->append(part); };
}

struct JsonWriter::Impl {
  Impl(TextSink sink, JsonStyle s) : output(std::move(sink)), style(s) {}

  struct Level {
    JsonWrap wrap = JsonWrap::kInline;
    bool empty = true;
  };

  Output output;
  rapidjson::Writer<Output> writer{output};
  JsonStyle style;
  std::vector<Level> levels;
  bool after_key = false;
};

JsonWriter::JsonWriter(TextSink sink, JsonStyle style)
    : impl_(std::make_unique<Impl>(std::move(sink), style)) {}

JsonWriter::~JsonWriter() = default;

// A value, a key or the end of a container follows.
void JsonWriter::Separate(bool is_end) {
  Impl& it = *impl_;
  if (it.levels.empty()) return;
  Impl::Level& level = it.levels.back();
  const bool lines = level.wrap == JsonWrap::kLines && !it.after_key &&
                     !(is_end && level.empty);
  const std::size_t depth = it.levels.size() - (is_end ? 1 : 0);
  level.empty = false;
  it.after_key = false;
  if (it.style == JsonStyle::kCompact) return;
  if (lines) {
    std::string line = "\n";
    line.append(depth * kIndent, ' ');
    it.output.Announce(line, line);
  } else {
    it.output.Announce(" ", "");
  }
}

void JsonWriter::BeginObject(JsonWrap wrap) {
  Separate();
  impl_->writer.StartObject();
  impl_->levels.push_back({wrap});
}

void JsonWriter::EndObject() {
  Separate(/*is_end=*/true);
  impl_->writer.EndObject();
  impl_->levels.pop_back();
}

void JsonWriter::BeginArray(JsonWrap wrap) {
  Separate();
  impl_->writer.StartArray();
  impl_->levels.push_back({wrap});
}

void JsonWriter::EndArray() {
  Separate(/*is_end=*/true);
  impl_->writer.EndArray();
  impl_->levels.pop_back();
}

void JsonWriter::Key(std::string_view name) {
  Separate();
  impl_->writer.Key(name.data(), static_cast<unsigned>(name.size()));
  impl_->after_key = true;
}

void JsonWriter::Null() {
  Separate();
  impl_->writer.Null();
}

void JsonWriter::Bool(bool value) {
  Separate();
  impl_->writer.Bool(value);
}

void JsonWriter::Signed(std::int64_t value) {
  Separate();
  impl_->writer.Int64(value);
}

void JsonWriter::Unsigned(std::uint64_t value) {
  Separate();
  impl_->writer.Uint64(value);
}

void JsonWriter::Number(std::string_view text) {
  Separate();
  impl_->writer.RawValue(text.data(), text.size(), rapidjson::kNumberType);
}

void JsonWriter::Float(double value) {
  const float rounded = static_cast<float>(value);
  if (!std::isfinite(rounded)) return Null();
  Number(fmt::format("{:.9g}", rounded));
}

void JsonWriter::Milliseconds(double value) {
  if (!std::isfinite(value)) return Null();
  Number(fmt::format("{:.9g}", std::round(value * 1000.0) / 1000.0));
}

void JsonWriter::String(std::string_view text) {
  Separate();
  const std::string valid = ShowBytes(text);
  impl_->writer.String(valid.data(), static_cast<unsigned>(valid.size()));
}

void JsonWriter::StringOrNull(const std::optional<std::string>& text) {
  if (text) {
    String(*text);
  } else {
    Null();
  }
}

void JsonWriter::Scalar(std::string_view text) {
  if (text == "true" || text == "false") {
    Bool(text == "true");
  } else if (IsJsonNumber(text)) {
    Number(text);
  } else {
    String(text);
  }
}

void JsonWriter::Finish() {
  assert(impl_->levels.empty() && impl_->writer.IsComplete());
  impl_->output.Put('\n');
  impl_->output.Flush();
}

}  // namespace pellucid::render
