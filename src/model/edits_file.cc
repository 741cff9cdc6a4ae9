// Edits in files: the JSON, and the tensors that it names.
#include <filesystem>
#include <optional>
#include <utility>

#include "base/atomic_file.h"
#include "base/out_of_memory.h"
#include "formats/safetensors_writer.h"
#include "model/edits_json.h"
#include "model/stored_tensor.h"

namespace pellucid {
namespace {

namespace fs = std::filesystem;

// Seven million numbers in lists. More lie in a file of tensors, where they
// take a quarter of the space.
constexpr std::size_t kMaxJsonBytes = std::size_t{64} << 20;

// F.safetensors of F.json.
fs::path TensorPath(const fs::path& json) {
  fs::path path = json;
  if (path.extension() == ".json") return path.replace_extension("safetensors");
  return path += ".safetensors";
}

}  // namespace

Result<std::vector<Edit>> ReadEdits(const std::string& path,
                                    const ModelInfo& model) {
  return CatchOutOfMemory("edits", [&]() -> Result<std::vector<Edit>> {
    PELLUCID_ASSIGN_OR_RETURN(const JsonFile json,
                              JsonFile::Open(path, kMaxJsonBytes));
    const fs::path folder = fs::path(path).parent_path();
    return ParseEdits(json, model,
                      [&](const std::string& file, const std::string& tensor) {
                        return ReadStoredTensor(
                            "edits", (folder / file).string(), tensor);
                      });
  });
}

Status WriteEdits(const std::string& path, std::span<const Edit> edits,
                  const ModelInfo& model) {
  const fs::path tensor_path = TensorPath(path);
  PELLUCID_ASSIGN_OR_RETURN(
      const EditsText text,
      FormatEdits(edits, model, tensor_path.filename().string()));
  PELLUCID_ASSIGN_OR_RETURN(AtomicFile json, AtomicFile::Create(path));
  PELLUCID_RETURN_IF_ERROR(json.Write(text.json));
  if (!text.apart.empty()) {
    std::vector<NamedFloats> tensors;
    for (const ValuesApart& values : text.apart) {
      tensors.push_back(
          {values.name, values.values->shape, values.values->data});
    }
    PELLUCID_RETURN_IF_ERROR(WriteSafetensors(tensor_path.string(), tensors));
  }
  return json.Commit();
}

}  // namespace pellucid
