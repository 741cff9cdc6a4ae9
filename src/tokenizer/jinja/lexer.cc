#include "tokenizer/jinja/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "base/quote.h"
#include "base/utf8.h"
#include "tokenizer/jinja/limits.h"
#include "tokenizer/jinja/text.h"
#include "tokenizer/unicode_tables.h"

namespace pellucid::jinja {
namespace {

// Line ends as "\n", and the last one dropped.
std::string NormalLines(std::string_view source) {
  std::string text;
  text.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] != '\r') {
      text += source[i];
      continue;
    }
    text += '\n';
    if (i + 1 < source.size() && source[i + 1] == '\n') ++i;
  }
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::size_t BlankLength(std::string_view text) {
  return Stripped(text, {}, /*left=*/true, /*right=*/false).begin;
}

bool IsWordCharacter(char32_t code) {
  if (code < 0x80) {
    return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
           (code >= 'A' && code <= 'Z') || code == '_';
  }
  return (WordClassOf(code) & kWord) != 0;
}

bool IsDigitIn(char c, int base) {
  if (base == 16 && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))) {
    return true;
  }
  return c >= '0' && c < '0' + std::min(base, 10);
}

// Digits with single underscores between, at `at`: where they end.
std::size_t DigitsEnd(std::string_view text, std::size_t at, int base) {
  while (at < text.size() && IsDigitIn(text[at], base)) {
    ++at;
    if (at + 1 < text.size() && text[at] == '_' &&
        IsDigitIn(text[at + 1], base)) {
      ++at;
    }
  }
  return at;
}

std::string WithoutUnderscores(std::string_view text) {
  std::string out(text);
  std::erase(out, '_');
  return out;
}

// Signs, those of two characters first.
constexpr std::string_view kOperators[] = {
    "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
    "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};

class Lexer {
 public:
  explicit Lexer(std::string source) : source_(std::move(source)) {}

  Result<std::vector<Token>> Run() {
    while (at_ < source_.size()) PELLUCID_RETURN_IF_ERROR(NextPart());
    Add(TokenKind::kEnd, "");
    return std::move(tokens_);
  }

 private:
  std::string_view Rest() const {
    return std::string_view(source_).substr(at_);
  }
  bool At(std::string_view text) const { return Rest().starts_with(text); }

  void Add(TokenKind kind, std::string text) {
    Token token;
    token.kind = kind;
    token.text = std::move(text);
    token.line = line_;
    tokens_.push_back(std::move(token));
  }

  // Moves on by `bytes`.
  void Skip(std::size_t bytes) {
    const auto part = Rest().substr(0, bytes);
    line_ += static_cast<int>(std::count(part.begin(), part.end(), '\n'));
    if (bytes > 0) starts_line_ = part.back() == '\n';
    at_ += bytes;
  }

  Error Fail(std::string_view what) const { return SyntaxError(line_, what); }

  // Data up to a tag, and the tag.
  Status NextPart() {
    std::size_t tag = at_;
    while (true) {
      tag = source_.find('{', tag);
      if (tag == std::string::npos || tag + 1 >= source_.size()) {
        AddData(source_.size() - at_, 0, false);
        return {};
      }
      const char c = source_[tag + 1];
      if (c == '{' || c == '%' || c == '#') break;
      ++tag;
    }
    const char kind = source_[tag + 1];
    char sign = 0;
    if (tag + 2 < source_.size()) sign = source_[tag + 2];
    if (sign != '-' && sign != '+') sign = 0;
    AddData(tag - at_, sign, kind != '{');
    const std::size_t begin = at_ + 2 + (sign != 0 ? 1 : 0);
    if (kind == '#') return Comment(begin);
    if (kind == '{') {
      Skip(begin - at_);
      Add(TokenKind::kVariableBegin, "");
      return Inside(TokenKind::kVariableEnd);
    }
    if (const auto length = RawBegin(begin)) {
      Skip(*length + begin - at_);
      return Raw();
    }
    Skip(begin - at_);
    Add(TokenKind::kBlockBegin, "");
    return Inside(TokenKind::kBlockEnd);
  }

  // The `length` bytes before a tag with `sign`.
  void AddData(std::size_t length, char sign, bool may_lead_line) {
    std::string_view data = Rest().substr(0, length);
    if (sign == '-') {
      data = data.substr(
          0, Stripped(data, {}, /*left=*/false, /*right=*/true).end);
    } else if (sign != '+' && may_lead_line) {
      const std::size_t feed = data.rfind('\n');
      const std::size_t begin = feed == std::string_view::npos ? 0 : feed + 1;
      if ((begin > 0 || starts_line_) &&
          BlankLength(data.substr(begin)) == data.size() - begin) {
        data = data.substr(0, begin);
      }
    }
    if (!data.empty()) Add(TokenKind::kData, std::string(data));
    Skip(length);
  }

  // Behind the end of a block or comment: its own "+", "-", and what they take.
  // Nothing where none stands at `at`.
  std::optional<std::size_t> EndLength(std::size_t at, std::string_view end,
                                       bool trims) const {
    const std::string_view rest = std::string_view(source_).substr(at);
    if (rest.starts_with('-') && rest.substr(1).starts_with(end)) {
      const std::size_t length = 1 + end.size();
      return length + BlankLength(rest.substr(length));
    }
    if (trims && rest.starts_with('+') && rest.substr(1).starts_with(end)) {
      return 1 + end.size();
    }
    if (!rest.starts_with(end)) return std::nullopt;
    const bool feed = trims && rest.substr(end.size()).starts_with('\n');
    return end.size() + (feed ? 1 : 0);
  }

  Status Comment(std::size_t begin) {
    for (std::size_t at = begin; at < source_.size(); ++at) {
      if (const auto length = EndLength(at, "#}", true)) {
        Skip(at + *length - at_);
        return {};
      }
    }
    return Fail("a comment has no end");
  }

  // "raw %}" at `at`: how long it is.
  std::optional<std::size_t> RawBegin(std::size_t at) const {
    std::string_view rest = std::string_view(source_).substr(at);
    std::size_t length = BlankLength(rest);
    if (!rest.substr(length).starts_with("raw")) return std::nullopt;
    length += 3;
    length += BlankLength(rest.substr(length));
    rest = rest.substr(length);
    if (rest.starts_with("%}")) return length + 2;
    if (!rest.starts_with("-%}")) return std::nullopt;
    return length + 3 + BlankLength(rest.substr(3));
  }

  Status Raw() {
    for (std::size_t tag = at_; tag < source_.size(); ++tag) {
      tag = source_.find("{%", tag);
      if (tag == std::string::npos) break;
      std::size_t at = tag + 2;
      char sign = 0;
      if (at < source_.size() && (source_[at] == '-' || source_[at] == '+')) {
        sign = source_[at++];
      }
      at += BlankLength(std::string_view(source_).substr(at));
      if (source_.compare(at, 6, "endraw") != 0) continue;
      at += 6;
      at += BlankLength(std::string_view(source_).substr(at));
      const auto end = EndLength(at, "%}", true);
      if (!end) continue;
      AddData(tag - at_, sign, true);
      Skip(at + *end - at_);
      return {};
    }
    return Fail("a raw block has no end");
  }

  // The tokens of a tag up to its end, and that.
  Status Inside(TokenKind end) {
    const bool block = end == TokenKind::kBlockEnd;
    std::string open;  // the brackets that wait for their end
    while (at_ < source_.size()) {
      const auto length = EndLength(at_, block ? "%}" : "}}", block);
      if (length && open.empty()) {
        Add(end, "");
        Skip(*length);
        return {};
      }
      if (const std::size_t blanks = BlankLength(Rest()); blanks > 0) {
        Skip(blanks);
        continue;
      }
      PELLUCID_RETURN_IF_ERROR(InsideToken(open));
    }
    return Fail(block ? "a block has no end" : "an expression has no end");
  }

  Status InsideToken(std::string& open) {
    const char c = source_[at_];
    if (c >= '0' && c <= '9') return Number();
    if (c == '\'' || c == '"') return Literal();
    const Utf8Char first = DecodeUtf8(source_, at_);
    if (IsWordCharacter(first.code)) {
      std::size_t end = at_;
      while (end < source_.size()) {
        const Utf8Char next = DecodeUtf8(source_, end);
        if (!IsWordCharacter(next.code)) break;
        end += next.bytes;
      }
      Add(TokenKind::kName, source_.substr(at_, end - at_));
      Skip(end - at_);
      return {};
    }
    for (const std::string_view sign : kOperators) {
      if (!At(sign)) continue;
      PELLUCID_RETURN_IF_ERROR(Balance(sign, open));
      Add(TokenKind::kOperator, std::string(sign));
      Skip(sign.size());
      return {};
    }
    return Fail(
        fmt::format("unexpected {}", Quote(Rest().substr(0, first.bytes))));
  }

  Status Balance(std::string_view sign, std::string& open) const {
    if (sign == "(") open += ')';
    if (sign == "[") open += ']';
    if (sign == "{") open += '}';
    if (sign == ")" || sign == "]" || sign == "}") {
      if (open.empty() || open.back() != sign[0]) {
        return Fail(fmt::format("unexpected {}", sign));
      }
      open.pop_back();
    }
    return {};
  }

  Status Number() {
    const std::string_view rest = Rest();
    int base = 10;
    if (rest.size() > 2 && rest[0] == '0') {
      const char mark = static_cast<char>(rest[1] | 0x20);
      base = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 10;
      const std::size_t digit = rest[2] == '_' ? 3 : 2;
      if (base != 10 &&
          (digit >= rest.size() || !IsDigitIn(rest[digit], base))) {
        base = 10;
      }
    }
    if (base == 10) {
      if (const std::size_t end = FloatEnd(rest); end > 0) return Float(end);
    }
    const std::size_t begin = base == 10 ? 0 : rest[2] == '_' ? 3 : 2;
    std::size_t end = DigitsEnd(rest, begin, base);
    // An integer that begins with 0 holds nothing else.
    if (base == 10 && rest[0] == '0') {
      end = 1;
      while (end < rest.size() &&
             (rest[end] == '0' || (rest[end] == '_' && end + 1 < rest.size() &&
                                   rest[end + 1] == '0'))) {
        ++end;
      }
    }
    const std::string digits =
        WithoutUnderscores(rest.substr(begin, end - begin));
    Token token;
    token.kind = TokenKind::kInteger;
    token.text = digits;
    token.line = line_;
    const auto [stop, error] = std::from_chars(
        digits.data(), digits.data() + digits.size(), token.integer, base);
    if (error != std::errc()) {
      return Fail("an integer that does not fit into 64 bits");
    }
    tokens_.push_back(std::move(token));
    Skip(end);
    return {};
  }

  // The bytes of a float that begins `rest`; 0: none does.
  std::size_t FloatEnd(std::string_view rest) const {
    if (at_ > 0 && source_[at_ - 1] == '.') return 0;
    const std::size_t whole = DigitsEnd(rest, 0, 10);
    std::size_t end = whole;
    if (end + 1 < rest.size() && rest[end] == '.' &&
        IsDigitIn(rest[end + 1], 10)) {
      end = DigitsEnd(rest, end + 1, 10);
    }
    if (end < rest.size() && (rest[end] == 'e' || rest[end] == 'E')) {
      std::size_t exponent = end + 1;
      if (exponent < rest.size() &&
          (rest[exponent] == '+' || rest[exponent] == '-')) {
        ++exponent;
      }
      const std::size_t behind = DigitsEnd(rest, exponent, 10);
      if (behind > exponent) return behind;
    }
    return end > whole ? end : 0;
  }

  Status Float(std::size_t length) {
    const std::string text = WithoutUnderscores(Rest().substr(0, length));
    Token token;
    token.kind = TokenKind::kFloat;
    token.text = text;
    token.line = line_;
    const auto [stop, error] =
        std::from_chars(text.data(), text.data() + text.size(), token.number);
    if (error != std::errc()) return Fail("a number beyond the largest float");
    tokens_.push_back(std::move(token));
    Skip(length);
    return {};
  }

  Status Literal() {
    const char quote = source_[at_];
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) {
      end += source_[end] == '\\' ? 2 : 1;
    }
    if (end >= source_.size()) return Fail("a string has no end");
    const std::string_view inside =
        std::string_view(source_).substr(at_ + 1, end - at_ - 1);
    std::string text;
    PELLUCID_RETURN_IF_ERROR(Unescape(inside, text));
    Add(TokenKind::kText, std::move(text));
    Skip(end + 1 - at_);
    return {};
  }

  // Python's escapes; unknown ones stay as they are.
  Status Unescape(std::string_view inside, std::string& out) const {
    for (std::size_t at = 0; at < inside.size(); ++at) {
      if (inside[at] != '\\' || at + 1 >= inside.size()) {
        out += inside[at];
        continue;
      }
      const char c = inside[++at];
      const std::string_view plain = "\\'\"abfnrtv";
      const std::string_view means = "\\'\"\a\b\f\n\r\t\v";
      if (const auto i = plain.find(c); i != std::string_view::npos) {
        out += means[i];
      } else if (c >= '0' && c <= '7') {
        std::size_t length = 1;
        while (length < 3 && at + length < inside.size() &&
               IsDigitIn(inside[at + length], 8)) {
          ++length;
        }
        PELLUCID_RETURN_IF_ERROR(AppendCode(inside.substr(at, length), 8, out));
        at += length - 1;
      } else if (c == 'x' || c == 'u' || c == 'U') {
        const std::size_t length = c == 'x' ? 2 : c == 'u' ? 4 : 8;
        if (inside.size() - at <= length) return BadEscape();
        PELLUCID_RETURN_IF_ERROR(
            AppendCode(inside.substr(at + 1, length), 16, out));
        at += length;
      } else if (c == 'N') {
        return Fail("a character by its name (\\N) is not supported");
      } else if (c != '\n') {
        out += '\\';
        out += c;
      }
    }
    return {};
  }

  Status AppendCode(std::string_view digits, int base, std::string& out) const {
    unsigned code = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, code, base);
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    if (error != std::errc() || stop != end || surrogate || code > 0x10FFFF) {
      return BadEscape();
    }
    AppendUtf8(code, out);
    return {};
  }

  Error BadEscape() const {
    return Fail("a string holds an escape that is no character");
  }

  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool starts_line_ = true;  // what is at `at_`
  std::vector<Token> tokens_;
};

}  // namespace

Error SyntaxError(int line, std::string_view what) {
  return ModelError(fmt::format("line {}: {}", line, what));
}

Result<std::vector<Token>> Tokenize(std::string_view source) {
  if (source.size() > kMaxSource) {
    return ModelError(fmt::format("has {} bytes, at most {} are supported",
                                  source.size(), kMaxSource));
  }
  if (const auto offset = FirstInvalidUtf8(source)) {
    return ModelError(fmt::format("invalid UTF-8 at byte {}", *offset));
  }
  return Lexer(NormalLines(source)).Run();
}

}  // namespace pellucid::jinja
