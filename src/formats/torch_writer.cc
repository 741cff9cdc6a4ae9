#include "formats/torch_writer.h"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <set>
#include <string_view>
#include <type_traits>

#include "base/atomic_file.h"
#include "base/quote.h"
#include "formats/zip_writer.h"

namespace pellucid {
namespace {

// A pickle of protocol 2, an instruction at a time (opcodes: torch_pickle.cc).
class Pickler {
 public:
  void Op(char opcode) { text_ += opcode; }
  void Name(std::string_view module, std::string_view name) {
    text_ += fmt::format("c{}\n{}\n", module, name);
  }
  void Text(std::string_view text) {
    Op('X');
    Put<std::uint32_t>(static_cast<std::uint32_t>(text.size()));
    text_ += text;
  }
  void Integer(std::uint64_t value) {
    if (value < 0x80000000u) {
      Op('J');
      Put<std::uint32_t>(static_cast<std::uint32_t>(value));
      return;
    }
    text_ += "\x8a\x09";  // nine bytes, so that the sign stays plus
    Put<std::uint64_t>(value);
    text_ += '\0';
  }
  void Integers(std::span<const std::size_t> values) {
    Op('(');
    for (const std::size_t value : values) Integer(value);
    Op('t');
  }
  std::string Finish() {
    Op('.');
    return std::move(text_);
  }

 private:
  template <typename T>
  void Put(std::type_identity_t<T> value) {
    static_assert(std::endian::native == std::endian::little);
    text_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }

  std::string text_ = "\x80\x02";
};

// _rebuild_tensor_v2(storage, 0, shape, strides, False, OrderedDict()).
void PickleTensor(const NamedFloats& tensor, std::size_t storage,
                  Pickler& pickler) {
  pickler.Name("torch._utils", "_rebuild_tensor_v2");
  pickler.Op('(');
  pickler.Op('(');
  pickler.Text("storage");
  pickler.Name("torch", "FloatStorage");
  pickler.Text(std::to_string(storage));
  pickler.Text("cpu");
  pickler.Integer(tensor.values.size());
  pickler.Op('t');
  pickler.Op('Q');
  pickler.Integer(0);
  pickler.Integers(tensor.shape);
  std::vector<std::size_t> strides(tensor.shape.size());
  std::size_t step = 1;
  for (std::size_t d = strides.size(); d-- > 0; step *= tensor.shape[d]) {
    strides[d] = step;
  }
  pickler.Integers(strides);
  pickler.Op('\x89');  // requires_grad
  pickler.Name("collections", "OrderedDict");
  pickler.Op(')');
  pickler.Op('R');
  pickler.Op('t');
  pickler.Op('R');
}

std::string PickleOf(std::span<const NamedFloats> tensors) {
  Pickler pickler;
  pickler.Name("collections", "OrderedDict");
  pickler.Op(')');
  pickler.Op('R');
  pickler.Op('(');
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    pickler.Text(tensors[i].name);
    PickleTensor(tensors[i], i, pickler);
  }
  pickler.Op('u');
  return pickler.Finish();
}

}  // namespace

Status WriteTorchFile(const ByteSink& sink,
                      std::span<const NamedFloats> tensors) {
  std::set<std::string_view> names;
  for (const NamedFloats& tensor : tensors) {
    if (names.insert(tensor.name).second) continue;
    return FailedError(
        fmt::format("write: tensor {}: stands twice; give each "
                    "a name of its own",
                    Quote(tensor.name)));
  }
  ZipWriter zip(sink);
  const auto add = [&](const std::string& name, std::string_view text) {
    return zip.Add("archive/" + name, {}, AsBytes(text));
  };
  PELLUCID_RETURN_IF_ERROR(add("data.pkl", PickleOf(tensors)));
  PELLUCID_RETURN_IF_ERROR(add("byteorder", "little"));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    PELLUCID_RETURN_IF_ERROR(zip.Add(fmt::format("archive/data/{}", i), {},
                                     std::as_bytes(tensors[i].values)));
  }
  PELLUCID_RETURN_IF_ERROR(add("version", "3\n"));
  return zip.Finish();
}

Status WriteTorchFile(const std::string& path,
                      std::span<const NamedFloats> tensors) {
  PELLUCID_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  PELLUCID_RETURN_IF_ERROR(WriteTorchFile(file.Sink(), tensors));
  return file.Commit();
}

}  // namespace pellucid
