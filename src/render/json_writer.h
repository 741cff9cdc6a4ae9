// Writes JSON piece by piece: no document is ever in memory. A thin layer over
// RapidJSON's writer that adds what this project promises about its files:
// numbers are float32 with 9 significant digits (enough to read the same float
// back), never NaN or infinite (null instead), text is always valid UTF-8, and
// a file is laid out for people where that costs nothing.
//
//   std::string out;
//   JsonWriter json(AppendTo(&out), JsonStyle::kIndented);
//   json.BeginObject(JsonWrap::kLines);
//   json.Key("threads");
//   json.Integer(2);
//   json.EndObject();
//   json.Finish();
#ifndef PELLUCID_RENDER_JSON_WRITER_H_
#define PELLUCID_RENDER_JSON_WRITER_H_

#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace pellucid::render {

// Takes the next part of a text. Must not fail: a file's sink keeps its own
// error.
using TextSink = std::function<void(std::string_view)>;

// A sink that appends to `*out`, which must outlive it.
TextSink AppendTo(std::string* out);

enum class JsonStyle {
  kCompact,   // no blank at all, one line: a record of a .jsonl file
  kIndented,  // containers opened with kLines: one member a line
};

enum class JsonWrap { kInline, kLines };

// Misuse (a value without its key, an unbalanced end) is a bug of the caller:
// checked by assertions.
class JsonWriter {
 public:
  JsonWriter(TextSink sink, JsonStyle style);
  ~JsonWriter();
  JsonWriter(const JsonWriter&) = delete;
  JsonWriter& operator=(const JsonWriter&) = delete;

  void BeginObject(JsonWrap wrap = JsonWrap::kInline);
  void EndObject();
  void BeginArray(JsonWrap wrap = JsonWrap::kInline);
  void EndArray();
  void Key(std::string_view name);

  void Null();
  void Bool(bool value);
  template <std::integral Int>
  void Integer(Int value) {
    if constexpr (std::signed_integral<Int>) {
      Signed(value);
    } else {
      Unsigned(value);
    }
  }
  // As one float32, "{:.9g}"; null where it is NaN or infinite.
  void Float(double value);
  // Milliseconds to the nearest microsecond.
  void Milliseconds(double value);
  // Bytes that are no UTF-8 are shown as "<0xE2>".
  void String(std::string_view text);
  void StringOrNull(const std::optional<std::string>& text);
  // A setting that is known as text only: a number or a truth value where
  // `text` is one in JSON's spelling, else a string.
  void Scalar(std::string_view text);

  // Ends the one value that was written with a line feed and hands everything
  // to the sink. Nothing may be written after it.
  void Finish();

 private:
  struct Impl;
  void Separate(bool is_end = false);
  void Signed(std::int64_t value);
  void Unsigned(std::uint64_t value);
  void Number(std::string_view text);

  std::unique_ptr<Impl> impl_;
};

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_JSON_WRITER_H_
