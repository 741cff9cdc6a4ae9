// pellucid/selection.h - which of n things: "all", "last", "0,3,-1", "0:30:4".
//
// The syntax of --layers and --positions. Negative indices count from the end;
// slices are Python's (end excluded, clipped, any step but 0). What a
// selection resolves to is ascending, each index once.
#ifndef PELLUCID_SELECTION_H_
#define PELLUCID_SELECTION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/export.h"
#include "pellucid/result.h"

namespace pellucid {

// A choice that does not know yet how many things there are: it says "the last
// three", and Resolve makes that indices. A plain value.
class PELLUCID_API Selection {
 public:
  // Everything.
  Selection() = default;
  static Selection All() { return {}; }

  // The last one, whatever their number.
  static Selection Last();

  // These indices, in any order; negative ones count from the end, -1 being
  // the last. An empty list is an empty choice, which Resolve refuses.
  static Selection Of(std::vector<std::int64_t> indices);

  // Reads the syntax above: "all" alone, or a comma list of indices, slices,
  // "last" and, where `allow_embed`, "embed". `what` names the option in
  // messages ("--layers"). kUsage: anything else, or an empty text.
  static Result<Selection> Parse(std::string_view text, std::string_view what,
                                 bool allow_embed = false);

  // Ascending indices below n. kUsage: an index out of range (with the range),
  // or nothing selected (an empty choice) unless "embed" was listed.
  Result<std::vector<std::size_t>> Resolve(std::size_t n) const;

  // The text was "all" (or nothing was said), not a list.
  bool IsDefault() const { return items_.empty() && !embed_; }

  // "embed" was listed: what enters the first block, which has no index.
  bool HasEmbed() const { return embed_; }

  // The syntax above; what Parse makes the same choice of.
  std::string Text() const;

 private:
  struct Item {
    bool is_slice = false;
    std::optional<std::int64_t> start = {}, stop = {};  // an index is `start`
    std::int64_t step = 1;
  };
  static Result<Item> ParseItem(std::string_view item, std::string_view text,
                                std::string_view what, bool allow_embed);
  std::string what_ = "selection";
  std::vector<Item> items_;  // empty: everything
  bool embed_ = false;
};

}  // namespace pellucid

#endif  // PELLUCID_SELECTION_H_
