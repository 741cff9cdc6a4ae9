// Which files of a repository a model needs, and whether a snapshot has them.
//
// A repository holds much besides: the same weights in other formats, pictures,
// checkpoints of the training. What is fetched is what the loaders read, and
// never a format that can run code.
#ifndef PELLUCID_HUB_MODEL_FILES_H_
#define PELLUCID_HUB_MODEL_FILES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hub/hub_name.h"
#include "hub/listing.h"
#include "hub/repo_cache.h"
#include "pellucid/result.h"

namespace pellucid::hub {

inline constexpr std::string_view kIndexFile = "model.safetensors.index.json";

enum class Part {
  kModel,      // weights and tokenizer
  kTokenizer,  // the tokenizer alone
};

struct ModelFiles {
  // In the order in which they are fetched: small ones first.
  std::vector<std::string> files;
  // The index names the files of weights, which are not in `files` then.
  bool has_index = false;
  // What is to be opened in the snapshot; empty: the snapshot itself.
  std::string open;
  // That a model may have and this one has not.
  std::vector<std::string> absent;
};

// kModel: nothing that can be read (the message says what there is and what to
// do), or more .gguf files than one and none named.
Result<ModelFiles> ChooseFiles(const Listing& listing, const HubName& name,
                               Part part);

// `file` and, where it is named as one part of several, all of them.
std::vector<std::string> PartsOf(const std::string& file);

// The .gguf files of `files`; of split ones the first part only.
std::vector<std::string> GgufModels(const std::vector<std::string>& files);

// The files of weights that the index at `path` names, in the order of their
// names. kModel: damaged, or it names files outside its folder.
Result<std::vector<std::string>> ShardsOf(const std::string& path);

struct CachedModel {
  std::string commit;
  std::string path;  // to be opened
  // False: whether the model has a tokenizer is not known here.
  bool is_complete = false;
};

// What the cache has under that name, if it can be opened.
std::optional<CachedModel> FindCached(const RepoCache& cache,
                                      const HubName& name, Part part);

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_MODEL_FILES_H_
