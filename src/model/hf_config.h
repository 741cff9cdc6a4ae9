// config.json of a Hugging Face folder: typed access that remembers what was
// read, so that a key which nobody read can be refused by name: it may change
// what the model computes (hf_config_keys.h says which do not).
//
// A key has one or several spellings ("hidden_size", "n_embd"); null counts as
// absent, as in transformers.
#ifndef PELLUCID_MODEL_HF_CONFIG_H_
#define PELLUCID_MODEL_HF_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json_file.h"
#include "pellucid/result.h"

namespace pellucid {

// Copies share the parsed file; what was read is remembered by each alone.
class HfModelConfig {
 public:
  using Names = std::initializer_list<std::string_view>;

  // kModel: cannot be read, no JSON object, or a key that stands twice.
  static Result<HfModelConfig> Open(const std::string& path);
  // `name` stands for the path in messages.
  static Result<HfModelConfig> Parse(std::string_view text,
                                     const std::string& name);

  const std::string& name() const { return file_->name(); }
  // The text as it lies in the file.
  std::string_view text() const { return file_->text(); }

  // Whether any spelling is there and not null.
  bool Has(Names names) const;
  // The spelling that the file uses; the first where it uses none.
  std::string_view SpellingOf(Names names) const;

  // All below, kModel: another type, or two spellings that differ.

  // An integer within [low, high]. kModel too where it is absent and there is
  // no fallback.
  Result<std::size_t> Size(Names names, std::size_t low, std::size_t high,
                           std::optional<std::size_t> fallback = {});
  // A number above 0 that float32 holds, rounded to it.
  Result<float> Positive(Names names, std::optional<double> fallback = {});
  Result<bool> Bool(Names names, bool fallback);
  Result<std::string_view> String(Names names, std::string_view fallback);
  // The first of an array of strings; "" where it is absent or empty.
  Result<std::string_view> FirstString(Names names);
  // One integer or an array of them; empty where absent.
  Result<std::vector<std::int64_t>> Integers(Names names);
  // A nested object, which has its own CheckAllKnown; nothing where absent
  // or empty.
  Result<std::optional<HfModelConfig>> Object(Names names);

  // kModel: the first key that none of the calls above read, that is not
  // harmless, and whose value is not neutral.
  Status CheckAllKnown() const;

  // kModel, "open: FILE: KEY: what".
  Error Problem(std::string_view key, const std::string& what) const;

 private:
  struct Field {
    std::string_view key;
    simdjson::dom::element value;
  };

  HfModelConfig() = default;
  static Result<HfModelConfig> Of(std::shared_ptr<const JsonFile> file,
                                  const simdjson::dom::element& value,
                                  std::string path);
  // Marks all spellings as read.
  Result<std::optional<Field>> Find(Names names);
  Error WrongType(const Field& field, std::string_view wanted) const;

  std::shared_ptr<const JsonFile> file_;
  std::string path_;  // of a nested object, "rope_scaling."; else empty
  std::map<std::string_view, simdjson::dom::element> fields_;
  std::set<std::string_view> read_;
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_HF_CONFIG_H_
