// The GPT-2 byte alphabet: 256 printable characters that stand for the bytes.
//
// Byte-level vocabularies spell their tokens in it, so that a token which is
// half a character is still a string (Radford et al. 2019, GPT-2's encoder.py;
// formats 6.7). 188 bytes stand for themselves, the other 68 take U+0100 to
// U+0143 in rising order: a space is U+0120, a line feed U+010A.
#ifndef PELLUCID_TOKENIZER_BYTE_ALPHABET_H_
#define PELLUCID_TOKENIZER_BYTE_ALPHABET_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pellucid {

// The character that stands for `byte`.
char32_t ByteCharacter(std::uint8_t byte);

// Appends the characters, as UTF-8, that stand for `bytes`.
void AppendAlphabet(std::string_view bytes, std::string& out);

// Writes them to `out`, which has room for two bytes a byte, and gives what was
// written.
std::string_view SpellBytes(std::string_view bytes, std::span<char> out);

// Appends the bytes that the characters of `text` stand for. False, and
// nothing appended: a character is not in the alphabet, or `text` is not
// UTF-8.
bool AppendAlphabetBytes(std::string_view text, std::string& out);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_BYTE_ALPHABET_H_
