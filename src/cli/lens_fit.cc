#include "cli/lens_fit.h"

#include <fmt/format.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/quote.h"

namespace pellucid::cli {

void AddLensFitFlags(Arguments& arguments, LensFitFlags* flags) {
  AddTextFlags(arguments, &flags->text);
  arguments.Text("--out", "DIR", &flags->out,
                 "the folder to write: lens.safetensors; required");
  arguments.Flag("--resume", &flags->resume,
                 "go on with an interrupted fit of the same text and options, "
                 "from the checkpoint that it left in DIR");
  AddJsonOption(arguments, &flags->json);
  AddModelOptions(arguments, &flags->model);
  AddColorOption(arguments, &flags->color);
}

Result<LensFit> LensFit::Open(const Arguments& arguments,
                              const LensFitFlags& flags, Io& io) {
  PELLUCID_RETURN_IF_ERROR(RequireText(arguments, flags.text));
  if (!flags.out) {
    return arguments.Problem("--out", "is missing; name a folder to write");
  }
  PELLUCID_ASSIGN_OR_RETURN(OpenedModel opened, OpenModel(flags.model, io));
  PELLUCID_ASSIGN_OR_RETURN(
      WindowedText text, ReadWindows(arguments, flags.text, opened.model, io));
  PELLUCID_ASSIGN_OR_RETURN(NewFolder folder, NewFolder::Make(*flags.out));
  LensFit fit(std::move(opened), std::move(text), std::move(folder));
  if (flags.json) {
    PELLUCID_ASSIGN_OR_RETURN(fit.json_, Output::Open(*flags.json, io));
    fit.json_alone_ = *flags.json == "-";
  }
  return fit;
}

Status LensFit::Write(const TrainedLens& lens, const render::TuneLog& log,
                      std::string_view table, std::string_view from, Io& io) {
  const std::string path = folder_ / "lens.safetensors";
  PELLUCID_RETURN_IF_ERROR(WriteTrainedLens(path, lens, opened_.model));
  folder_.Keep();
  std::error_code ignored;
  std::filesystem::remove(checkpoint(), ignored);
  if (json_) {
    render::WriteTuneJson(lens, path, log, opened_.model.info(),
                          RunInfoOf(opened_, std::nullopt), json_->sink());
    PELLUCID_RETURN_IF_ERROR(json_->Commit());
    if (json_alone_) return {};
  }
  return io.out.Write(fmt::format("{}{}: {} maps from {}\n", table, Quote(path),
                                  lens.translators.size(), from));
}

}  // namespace pellucid::cli
