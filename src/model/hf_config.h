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
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"

// Its header takes seconds to read, and every family includes this one.
namespace simdjson::dom {
class element;
}

namespace pellucid {

class JsonFile;

// Copies share the parsed file; what was read is remembered by each alone.
class HfModelConfig {
 public:
  using Names = std::initializer_list<std::string_view>;

  // kModel: cannot be read, no JSON object, or a key that stands twice.
  static Result<HfModelConfig> Open(const std::string& path);
  // `name` stands for the path in messages.
  static Result<HfModelConfig> Parse(std::string_view text,
                                     const std::string& name);

  const std::string& name() const;
  // The text as it lies in the file.
  std::string_view text() const;

  // Whether any spelling is there and not null.
  bool Has(Names names) const;
  // Whether one is there and null: to some families that is a value, "none".
  bool IsNull(Names names) const;
  // The spelling that the file uses; the first where it uses none.
  std::string_view SpellingOf(Names names) const;

  // All below, kModel: another type, or two spellings that differ.

  // An integer within [low, high]. kModel too where it is absent and there is
  // no fallback.
  Result<std::size_t> Size(Names names, std::size_t low, std::size_t high,
                           std::optional<std::size_t> fallback = {});
  // A number above 0 that float32 holds, rounded to it.
  Result<float> Positive(Names names, std::optional<double> fallback = {});
  // Any finite number.
  Result<double> Number(Names names, std::optional<double> fallback = {});
  // An array of finite numbers; empty where absent.
  Result<std::vector<double>> Numbers(Names names);
  Result<bool> Bool(Names names, bool fallback);
  Result<std::string_view> String(Names names, std::string_view fallback);
  // The first of an array of strings; "" where it is absent or empty.
  Result<std::string_view> FirstString(Names names);
  // An array of strings; empty where absent.
  Result<std::vector<std::string_view>> Strings(Names names);
  // An array of pairs, an array of strings and how often it recurs, written
  // out; empty where absent. kModel too where that is more than `most` strings.
  Result<std::vector<std::string_view>> RecurringStrings(Names names,
                                                         std::size_t most);
  // One integer or an array of them; empty where absent.
  Result<std::vector<std::int64_t>> Integers(Names names);
  // A value of any type; nothing where absent.
  Result<std::optional<simdjson::dom::element>> Element(Names names);
  // A nested object, which has its own CheckAllKnown; nothing where absent
  // or empty.
  Result<std::optional<HfModelConfig>> Object(Names names);

  // kModel: the first key that none of the calls above read, that is not
  // harmless, and whose value is not neutral.
  Status CheckAllKnown() const;

  // kModel, "open: FILE: KEY: what".
  Error Problem(std::string_view key, const std::string& what) const;

 private:
  struct Field;   // a key and its value
  struct Fields;  // all of them, by key

  HfModelConfig() = default;
  static Result<HfModelConfig> Of(std::shared_ptr<const JsonFile> file,
                                  const simdjson::dom::element& value,
                                  std::string path);
  // Marks all spellings as read.
  Result<std::optional<Field>> Find(Names names);
  Error WrongType(const Field& field, std::string_view wanted) const;

  std::shared_ptr<const JsonFile> file_;
  std::string path_;  // of a nested object, "rope_scaling."; else empty
  std::shared_ptr<const Fields> fields_;
  std::set<std::string_view> read_;
};

}  // namespace pellucid

#endif  // PELLUCID_MODEL_HF_CONFIG_H_
