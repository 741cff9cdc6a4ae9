#include "base/scratch.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace pellucid {
namespace {

constexpr std::size_t kMaxKept = 8;

// What this thread may use again.
std::vector<Buffer>& Kept() {
  thread_local std::vector<Buffer> kept;
  return kept;
}

}  // namespace

Scratch::Scratch(std::size_t floats) {
  std::vector<Buffer>& kept = Kept();
  // The smallest that is large enough.
  auto best = kept.end();
  for (auto it = kept.begin(); it != kept.end(); ++it) {
    const std::size_t size = it->view().cols;
    if (size < floats) continue;
    if (best == kept.end() || size < best->view().cols) best = it;
  }
  if (best == kept.end()) {
    buffer_ = Buffer(1, floats);
    return;
  }
  buffer_ = std::move(*best);
  kept.erase(best);
}

Scratch::~Scratch() { Release(); }

Scratch::Scratch(Scratch&& other) noexcept
    : buffer_(std::exchange(other.buffer_, Buffer())) {}

Scratch& Scratch::operator=(Scratch&& other) noexcept {
  Release();
  buffer_ = std::exchange(other.buffer_, Buffer());
  return *this;
}

void Scratch::Release() {
  const std::size_t size = buffer_.view().cols;
  if (size == 0 || size > kMaxKeptFloats) return;
  std::vector<Buffer>& kept = Kept();
  if (kept.size() == kMaxKept) {
    // The smallest goes: it is the cheapest to have again.
    const auto smallest = std::min_element(
        kept.begin(), kept.end(), [](const Buffer& a, const Buffer& b) {
          return a.view().cols < b.view().cols;
        });
    if (smallest->view().cols >= size) return;
    *smallest = std::exchange(buffer_, Buffer());
    return;
  }
  kept.push_back(std::exchange(buffer_, Buffer()));
}

}  // namespace pellucid
