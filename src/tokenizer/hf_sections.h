// The sections of a tokenizer.json, each read by a function in a file of its
// own: hf_normalizer.cc, hf_pre_tokenizer.cc, hf_model.cc, hf_added_tokens.cc,
// hf_post_processor.cc, hf_decoder.cc.
//
// What a reader does not know it refuses by name (JsonSection::Unsupported):
// left out, it would change ids in silence. All errors are kModel.
#ifndef PELLUCID_TOKENIZER_HF_SECTIONS_H_
#define PELLUCID_TOKENIZER_HF_SECTIONS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/added_vocabulary.h"
#include "tokenizer/bpe.h"
#include "tokenizer/decoder.h"
#include "tokenizer/hf_json.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/pre_tokenizer.h"
#include "tokenizer/unigram.h"
#include "tokenizer/vocabulary.h"
#include "tokenizer/word_piece.h"

namespace pellucid {

// "normalizer".
Result<Normalizer> ReadNormalizer(const JsonSection& section);

// "pre_tokenizer".
Result<PreTokenizer> ReadPreTokenizer(const JsonSection& section);

// The fields that the pre-tokenizer and the decoder Metaspace share.
struct HfMetaspace {
  std::string_view replacement;  // one character
  MetaspaceScheme scheme = MetaspaceScheme::kAlways;
};
Result<HfMetaspace> ReadMetaspaceFields(const JsonSection& section);

// "decoder".
Result<Decoder> ReadDecoder(const JsonSection& section);

// "post_processor": the ids that it puts before and after every text.
struct HfTemplate {
  std::vector<std::int64_t> before, after;
};
Result<HfTemplate> ReadPostProcessor(const JsonSection& section);

// {"String": ..} or {"Regex": ..}, the pattern of a Split or Replace.
struct HfPattern {
  std::string_view text;
  bool is_regex = false;
};
Result<HfPattern> ReadPattern(const JsonSection& section);
Result<TextPattern> CompilePattern(const HfPattern& pattern,
                                   const JsonSection& section);

enum class HfModelType : std::uint8_t {
  kBpe,
  kUnigram,
  kWordPiece,
  kWordLevel
};

// "model", with the fields of its type. Views live as long as the file.
struct HfModel {
  HfModelType type = HfModelType::kBpe;
  Vocabulary vocabulary{{}};
  std::vector<std::uint8_t> flags;  // [ids], kModelToken or 0
  std::size_t count = 0;            // tokens, which upstream calls its size
  std::vector<MergePair> merges;    // [ranks]; BPE
  BpeOptions options;               // BPE
  std::vector<double> scores;       // [ids]; Unigram
  Unigram::Options unigram;
  WordPiece::Options word_piece;  // WordLevel: the unknown token alone
};
Result<HfModel> ReadModel(const JsonSection& section);
// "vocab", or a vocab.json: {token: id}.
Status ReadVocab(const JsonSection& section, HfModel& model);

// Gathers added tokens, and gives them ids as upstream does: that of the model
// where it has the content, else the next one (formats 6.1). Where the model
// leaves ids out the next one may be a token of the model: such an id encodes
// as both, and decodes as the added one.
class AddedTokenList {
 public:
  // `model` must outlive the list.
  explicit AddedTokenList(const HfModel& model) : model_(model) { BeginCall(); }

  // What is added from now on upstream adds in a call of its own: ids go on
  // behind the tokens that the model counts and behind the highest added one.
  // Within a call those of the model's own tokens do not count.
  void BeginCall();

  // Adds `entry`, whose id does not matter. Without content it is nothing; of
  // two with one content the later counts, but what was special stays so; of
  // two with one id the later. `stated`: the id that the file gives. kModel,
  // with `section`: it is not the one that upstream gives.
  Status Add(AddedEntry entry, std::optional<std::int64_t> stated,
             const JsonSection& section);

  // Makes the added token `content` special; false: there is none.
  bool MarkSpecial(std::string_view content);

  std::optional<TokenId> Find(std::string_view content) const;
  std::vector<AddedEntry> Take() && { return std::move(entries_); }

 private:
  const HfModel& model_;
  std::vector<AddedEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> index_;  // by content
  std::map<TokenId, std::size_t> by_id_;
  TokenId highest_ = -1, next_ = 0;
};

// "added_tokens".
Status ReadAddedTokens(const JsonSection& section, AddedTokenList& list);
// One of them, or of tokenizer_config.json: content and flags.
Result<AddedEntry> ReadAddedToken(const JsonSection& section);

}  // namespace pellucid

#endif  // PELLUCID_TOKENIZER_HF_SECTIONS_H_
