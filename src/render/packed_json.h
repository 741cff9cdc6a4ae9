// Arrays of numbers in JSON that a page can unpack at once: an object with the
// type as its key and the numbers' little-endian bytes in base64 as its value,
// {"f32": "AACAPw=="}. A page of 500 tokens, 31 rows and 10 tokens a cell takes
// 2 MB so; as decimal numbers it would take 20.
#ifndef PELLUCID_RENDER_PACKED_JSON_H_
#define PELLUCID_RENDER_PACKED_JSON_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "render/json_writer.h"

namespace pellucid::render {

// RFC 4648, section 4, with padding.
std::string Base64(std::span<const std::byte> bytes);

// Each writes one value. Numbers that are not finite stay what they are.
void WritePacked(JsonWriter& json, std::span<const float> values);

void WritePacked(JsonWriter& json, std::span<const std::uint8_t> values);

// "u16" where all fit, else "u32".
void WritePacked(JsonWriter& json, std::span<const std::uint32_t> values);

}  // namespace pellucid::render

#endif  // PELLUCID_RENDER_PACKED_JSON_H_
