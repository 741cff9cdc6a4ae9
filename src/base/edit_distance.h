// How far apart two names are: what error messages choose "nearest" names by.
// Levenshtein 1966: the fewest insertions, deletions and changes of one byte.
#ifndef PELLUCID_BASE_EDIT_DISTANCE_H_
#define PELLUCID_BASE_EDIT_DISTANCE_H_

#include <cstddef>
#include <string_view>

namespace pellucid {

// Costs a.size() * b.size() steps: cut what may be long.
std::size_t EditDistance(std::string_view a, std::string_view b);

}  // namespace pellucid

#endif  // PELLUCID_BASE_EDIT_DISTANCE_H_
