// What `tune` and `tune jacobian` have in common: a lens is fitted to a text
// and written into a folder, where an interrupted fit leaves what it takes to
// go on.
#ifndef PELLUCID_CLI_LENS_FIT_H_
#define PELLUCID_CLI_LENS_FIT_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cli/common_options.h"
#include "cli/documents.h"
#include "cli/new_folder.h"
#include "cli/output.h"
#include "pellucid/trained_lens.h"
#include "render/tune_json.h"

namespace pellucid::cli {

struct LensFitFlags {
  ModelOptions model = {};
  TextFlags text = {};
  std::optional<std::string> out = {}, json = {};
  bool resume = false;
  std::string color = "auto";
};

void AddLensFitFlags(Arguments& arguments, LensFitFlags* flags);

// What a fit runs on, and where it is written.
class LensFit {
 public:
  // Checks the flags, opens the model, reads the text, makes the folder and
  // opens the JSON, in that order.
  static Result<LensFit> Open(const Arguments& arguments,
                              const LensFitFlags& flags, Io& io);

  const Model& model() const { return opened_.model; }
  const WindowedText& text() const { return text_; }
  std::string checkpoint() const { return folder_ / "checkpoint.safetensors"; }

  // Writes the lens and the JSON, keeps the folder and removes the checkpoint;
  // `table` and what was fitted from what, as in "900 tokens", go to the
  // terminal. kFailed: something cannot be written.
  Status Write(const TrainedLens& lens, const render::TuneLog& log,
               std::string_view table, std::string_view from, Io& io);

 private:
  LensFit(OpenedModel opened, WindowedText text, NewFolder folder)
      : opened_(std::move(opened)),
        text_(std::move(text)),
        folder_(std::move(folder)) {}

  OpenedModel opened_;
  WindowedText text_;
  NewFolder folder_;
  std::unique_ptr<Output> json_;  // null: not asked for
  bool json_alone_ = false;       // it takes the standard output
};

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_LENS_FIT_H_
