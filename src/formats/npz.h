// Writes .npz files: a zip of stored .npy arrays, as numpy.savez does
// (numpy.lib.format, version 1.0).
//
//   PELLUCID_ASSIGN_OR_RETURN(NpzWriter npz, NpzWriter::Create("out.npz"));
//   PELLUCID_RETURN_IF_ERROR(npz.AddFloats("x", {2, 3}, values));
//   PELLUCID_RETURN_IF_ERROR(npz.AddText("model", "smollm2-135m"));
//   return npz.Finish();
#ifndef PELLUCID_FORMATS_NPZ_H_
#define PELLUCID_FORMATS_NPZ_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/atomic_file.h"
#include "base/byte_sink.h"
#include "formats/zip_writer.h"
#include "pellucid/result.h"

namespace pellucid {

class NpzWriter {
 public:
  // Into the file `path`, which appears whole when Finish() succeeds
  // (base/atomic_file.h), or into a sink. kFailed: it cannot be written.
  static Result<NpzWriter> Create(const std::string& path);
  explicit NpzWriter(ByteSink sink);

  // Adds an array; its values are the product of `shape`, last dimension
  // fastest. Names are UTF-8, without ".npy". kFailed: a name that is there
  // already, or the write fails.
  Status AddFloats(std::string_view name, std::span<const std::size_t> shape,
                   std::span<const float> values);  // '<f4'
  Status AddIntegers(std::string_view name, std::span<const std::size_t> shape,
                     std::span<const std::int64_t> values);  // '<i8'
  // A text as an array without dimensions ('<U'): str(file["name"]). Bytes
  // that are no UTF-8 become U+FFFD.
  Status AddText(std::string_view name, std::string_view text);

  // Ends the file. Called once, last.
  Status Finish();

 private:
  Status Add(std::string_view name, std::string_view type,
             std::span<const std::size_t> shape,
             std::span<const std::byte> data);

  std::unique_ptr<AtomicFile> file_;  // null: a sink; its address is kept
  ZipWriter zip_;
  std::set<std::string, std::less<>> names_;
};

}  // namespace pellucid

#endif  // PELLUCID_FORMATS_NPZ_H_
