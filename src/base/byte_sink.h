// Where a writer sends its bytes: a file (AtomicFile::Sink), or memory in
// tests. Calls come in order; after an error no more follow.
#ifndef PELLUCID_BASE_BYTE_SINK_H_
#define PELLUCID_BASE_BYTE_SINK_H_

#include <cstddef>
#include <functional>
#include <span>
#include <string_view>

#include "pellucid/result.h"

namespace pellucid {

using ByteSink = std::function<Status(std::span<const std::byte>)>;

// The bytes of a text. Lives as long as what `text` views.
inline std::span<const std::byte> AsBytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

}  // namespace pellucid

#endif  // PELLUCID_BASE_BYTE_SINK_H_
