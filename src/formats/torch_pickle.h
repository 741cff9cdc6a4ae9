// The restricted reader of the pickles in torch's files (torch_file.h): a stack
// machine with the instructions that containers of tensors need, and no other.
#ifndef PELLUCID_FORMATS_TORCH_PICKLE_H_
#define PELLUCID_FORMATS_TORCH_PICKLE_H_

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "formats/torch_file.h"
#include "pellucid/result.h"

namespace pellucid {

struct TorchPickle {
  std::vector<TorchValue> values;
  std::size_t root = 0;  // of values
};

// Runs the pickle `bytes`; `name` stands for the file in messages. Costs memory
// in proportion to `bytes`. kModel: as TorchFile::Open.
Result<TorchPickle> ReadTorchPickle(std::span<const std::byte> bytes,
                                    std::string_view name);

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_TORCH_PICKLE_H_
