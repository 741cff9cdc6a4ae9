// Writes float32 tensors as torch.save writes a dict of them (a state_dict), to
// be read by torch.load, also with weights_only. Layout: torch_file.h.
#ifndef PELLUCID_FORMATS_TORCH_WRITER_H_
#define PELLUCID_FORMATS_TORCH_WRITER_H_

#include <span>
#include <string>

#include "base/byte_sink.h"
#include "formats/safetensors_writer.h"  // NamedFloats
#include "pellucid/result.h"

namespace pellucid {

// Names are UTF-8 and unique. The same tensors give the same bytes. kFailed: a
// name that stands twice, or `sink` fails.
Status WriteTorchFile(const ByteSink& sink,
                      std::span<const NamedFloats> tensors);

// The same into the file `path`, which appears whole or not at all.
Status WriteTorchFile(const std::string& path,
                      std::span<const NamedFloats> tensors);

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_TORCH_WRITER_H_
