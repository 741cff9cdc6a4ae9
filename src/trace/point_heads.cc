#include "trace/point_heads.h"

namespace pellucid {

std::size_t HeadsOfPoint(const SiteSizes& sizes, Point point) {
  switch (point) {
    case Point::kQuery:
    case Point::kQueryNorm:
    case Point::kZ:
    case Point::kScores:
    case Point::kPattern:
      return sizes.n_heads;
    case Point::kKey:
    case Point::kKeyNorm:
    case Point::kValue:
      return sizes.n_kv_heads;
    default:
      return 0;
  }
}

}  // namespace pellucid
