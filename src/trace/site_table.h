// The one table of site names: generates every spelling of every point of a
// model for the library, the command line and the documentation.
//
// Canonical names are Hugging Face's module paths. Aliases name the same tensor
// of the same shape: the path without its base prefix ("layers.3.mlp"),
// mlxterp's doubled prefix ("model.model.layers.3.mlp"), "LAYER.resid_post",
// and TransformerLens hook names.
#ifndef PELLUCID_TRACE_SITE_TABLE_H_
#define PELLUCID_TRACE_SITE_TABLE_H_

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pellucid/result.h"
#include "pellucid/trace.h"
#include "trace/site.h"

namespace pellucid {

// How an architecture calls its modules. A family fills it in; an empty name
// is a module that it does not have.
struct ModuleNames {
  std::string base;  // prefix of the trunk, "model"
  // Prefixes of the trunk in other versions, other than none and base twice.
  std::vector<std::string> other_bases;
  std::string layers;  // list of blocks below base, "layers"
  // Module path of a point: below base ("embed_tokens"), below a block
  // ("self_attn.q_proj") or, for the head, at the top ("lm_head"). Points that
  // are no module (resid_mid) have none.
  std::array<std::string, kPointCount> module;
  std::string attn, mlp;  // below a block: where scores, pattern, z, post hang
  // Further modules whose output is a point's (dropout, which passes through):
  // paths as above.
  std::vector<std::pair<Point, std::string>> same;
  // Lists of modules, one a head, which together give a point (the norms of
  // StableLM's heads): paths below a block.
  std::vector<std::pair<Point, std::string>> each_head;

  std::string& operator[](Point point) {
    return module[static_cast<std::size_t>(point)];
  }
  const std::string& operator[](Point point) const {
    return module[static_cast<std::size_t>(point)];
  }
};

// Sizes that shapes are made of, and what decides whether a point is there.
struct SiteSizes {
  std::size_t n_layers = 0;
  std::size_t d_model = 0;
  std::size_t d_embed = 0;  // of the embeddings
  std::size_t n_heads = 0;
  std::size_t n_kv_heads = 0;
  std::size_t head_dim = 0;
  std::size_t rotary_dim = 0;
  std::size_t d_mlp = 0;
  std::size_t vocab_size = 0;
  bool parallel = false;        // blocks without a state between their parts
  bool norms_whole_qk = false;  // q_norm is of all heads' features together
  bool modules_add_residual = false;   // attention and MLP give the stream
  std::vector<bool> has_experts = {};  // [n_layers], or empty: no block has
  std::size_t n_experts = 0;
  std::size_t d_shared = 0;  // of the expert that sees every token

  // Whether a block has the point, as far as sizes tell.
  bool Has(SiteKey key) const;
};

struct Site {
  SiteKey key;
  std::optional<std::size_t> head;   // if it is that head of the point only
  std::string name;                  // canonical
  std::vector<std::string> aliases;  // without the canonical name
};

class SiteTable {
 public:
  // How a point may be called: paths below the base prefix, and whole names.
  // The first of the first kind that there is, is canonical.
  struct Spellings {
    std::vector<std::string> below_base, whole;
  };

  SiteTable(const ModuleNames& names, const SiteSizes& sizes);

  std::span<const Site> sites() const { return sites_; }
  const SiteSizes& sizes() const { return sizes_; }

  // Whether the architecture has the point; `key.layer` is one of its blocks.
  bool Has(SiteKey key) const;

  // Canonical name of a site that exists.
  const std::string& NameOf(SiteKey key) const;

  // The site with this exact name, canonical or alias. kUsage: unknown, with
  // the nearest names.
  Result<const Site*> Find(std::string_view name) const;

  // Every site that `pattern` matches, in the order of the run: '*' stands for
  // any run of characters without a dot, "all" for everything but scores and
  // pattern. Aliases are matched too. kUsage: matches nothing.
  Result<std::vector<const Site*>> Match(std::string_view pattern) const;

  // Dimensions behind [tokens] (for scores and pattern behind [heads]: none).
  std::vector<std::size_t> FeatureShape(Point point) const;
  std::vector<std::size_t> FeatureShape(const Site& site) const;

  std::vector<SiteInfo> Describe() const;

 private:
  void Add(const ModuleNames& names, Point point, std::size_t layer);
  void AddHeads(const ModuleNames& names, Point point, std::size_t layer);
  void AddSite(const ModuleNames& names, const Spellings& spelt, Site site);
  std::vector<std::string> Suggestions(std::string_view name) const;

  SiteSizes sizes_;
  std::vector<Site> sites_;
  std::map<std::string, std::size_t, std::less<>> by_name_;  // all spellings
  std::vector<std::size_t> by_key_;  // [layer, point]: index into sites_
};

}  // namespace pellucid

#endif  // PELLUCID_TRACE_SITE_TABLE_H_
