#include "formats/torch_pickle.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/quote.h"
#include "formats/byte_reader.h"

namespace pellucid {
namespace {

using Kind = TorchValue::Kind;

// The names that a pickle may ask for: what rebuilds a tensor, the types of its
// storage, and the dict of a state_dict.
enum class Name : std::int64_t {
  kOrderedDict,
  kRebuildTensor,
  kRebuildParameter,
  kStorage,  // of the dtype in TorchValue::tensor
};

struct KnownName {
  std::string_view name;
  Name means;
  DType dtype = DType::kF32;
};

constexpr KnownName kKnownNames[] = {
    {"collections OrderedDict", Name::kOrderedDict},
    {"torch._utils _rebuild_tensor_v2", Name::kRebuildTensor},
    {"torch._utils _rebuild_parameter", Name::kRebuildParameter},
    {"torch FloatStorage", Name::kStorage, DType::kF32},
    {"torch DoubleStorage", Name::kStorage, DType::kF64},
    {"torch HalfStorage", Name::kStorage, DType::kF16},
    {"torch BFloat16Storage", Name::kStorage, DType::kBF16},
};

constexpr std::size_t kMaxRank = 8;

// Opcodes by the letters or numbers that they have in a pickle.
enum Opcode : std::uint8_t {
  kMark = '(',
  kStop = '.',
  kBinInt = 'J',
  kBinInt1 = 'K',
  kBinInt2 = 'M',
  kNone = 'N',
  kBinPersId = 'Q',
  kReduce = 'R',
  kBinUnicode = 'X',
  kEmptyList = ']',
  kAppend = 'a',
  kBuild = 'b',
  kGlobal = 'c',
  kAppends = 'e',
  kBinGet = 'h',
  kLongBinGet = 'j',
  kBinPut = 'q',
  kLongBinPut = 'r',
  kSetItem = 's',
  kTuple = 't',
  kEmptyTuple = ')',
  kSetItems = 'u',
  kEmptyDict = '}',
  kBinFloat = 'G',
  kProto = 0x80,
  kTuple1 = 0x85,
  kTuple2 = 0x86,
  kTuple3 = 0x87,
  kNewTrue = 0x88,
  kNewFalse = 0x89,
  kLong1 = 0x8a,
  kShortBinUnicode = 0x8c,
  kStackGlobal = 0x93,
  kMemoize = 0x94,
  kFrame = 0x95,
};

class Machine {
 public:
  Machine(std::span<const std::byte> bytes, std::string_view name)
      : in_(bytes, name) {}

  Result<TorchPickle> Run() {
    while (true) {
      PELLUCID_ASSIGN_OR_RETURN(const auto opcode,
                                in_.Read<std::uint8_t>("pickle"));
      if (opcode == kStop) break;
      PELLUCID_RETURN_IF_ERROR(Step(opcode));
    }
    PELLUCID_ASSIGN_OR_RETURN(const std::size_t root, Pop());
    return TorchPickle{std::move(values_), root};
  }

 private:
  Error Damaged(std::string_view what) const {
    return in_.Problem(
        fmt::format("its pickle {}; it is damaged, fetch it again", what));
  }

  Status Step(std::uint8_t opcode);
  Status StepNumber(std::uint8_t opcode);
  Status StepText(std::uint8_t opcode);
  Status StepMemo(std::uint8_t opcode);
  Status StepContainer(std::uint8_t opcode);
  Status StepObject(std::uint8_t opcode);

  Status Push(TorchValue value) {
    stack_.push_back(values_.size());
    values_.push_back(std::move(value));
    return {};
  }
  Status PushKind(Kind kind) { return Push({.kind = kind}); }
  Status PushInteger(std::int64_t value, Kind kind = Kind::kInteger) {
    return Push({.kind = kind, .integer = value});
  }
  // The stack's last value, which must lie above the last mark.
  Result<std::size_t> Pop() {
    const std::size_t floor = marks_.empty() ? 0 : marks_.back();
    if (stack_.size() <= floor) return Damaged("takes what is not there");
    const std::size_t value = stack_.back();
    stack_.pop_back();
    return value;
  }
  Result<std::vector<std::size_t>> PopToMark() {
    if (marks_.empty()) return Damaged("misses a mark");
    const auto begin =
        stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
    marks_.pop_back();
    std::vector<std::size_t> out(begin, stack_.end());
    stack_.erase(begin, stack_.end());
    return out;
  }
  // The stack's last value, which stays there, of this kind.
  Result<std::size_t> Top(Kind kind) {
    PELLUCID_ASSIGN_OR_RETURN(const std::size_t top, Pop());
    stack_.push_back(top);
    if (values_[top].kind != kind) return Damaged("changes what it may not");
    return top;
  }
  Status PushTuple(std::size_t count);
  Status Put(std::uint64_t at);
  Status PushName(std::string_view module, std::string_view name);
  Status Reduce();
  Status Persistent();
  Status SetPairs(const std::vector<std::size_t>& flat);
  Result<TorchValue> MakeDict(const TorchValue& arguments) const;
  Result<TorchValue> MakeTensor(const TorchValue& arguments) const;

  const TorchValue& Item(const TorchValue& list, std::size_t i) const {
    return values_[list.items[i]];
  }

  ByteReader in_;
  std::vector<TorchValue> values_;
  std::vector<std::size_t> stack_;
  std::vector<std::size_t> marks_;  // sizes of the stack
  std::map<std::uint64_t, std::size_t> memo_;
};

Status Machine::Step(std::uint8_t opcode) {
  switch (opcode) {
    case kProto: {
      PELLUCID_ASSIGN_OR_RETURN(const auto version,
                                in_.Read<std::uint8_t>("pickle"));
      if (version > 5) return Damaged("is of an unknown version");
      return {};
    }
    case kFrame:
      PELLUCID_RETURN_IF_ERROR(in_.Read<std::uint64_t>("pickle"));
      return {};
    case kNone:
      return PushKind(Kind::kNone);
    case kBinInt:
    case kBinInt1:
    case kBinInt2:
    case kLong1:
    case kBinFloat:
    case kNewTrue:
    case kNewFalse:
      return StepNumber(opcode);
    case kBinUnicode:
    case kShortBinUnicode:
      return StepText(opcode);
    case kBinGet:
    case kLongBinGet:
    case kBinPut:
    case kLongBinPut:
    case kMemoize:
      return StepMemo(opcode);
    case kGlobal:
    case kStackGlobal:
    case kReduce:
    case kBinPersId:
    case kBuild:
      return StepObject(opcode);
    default:
      return StepContainer(opcode);
  }
}

Status Machine::StepNumber(std::uint8_t opcode) {
  switch (opcode) {
    case kBinInt: {
      PELLUCID_ASSIGN_OR_RETURN(const auto value,
                                in_.Read<std::int32_t>("pickle"));
      return PushInteger(value);
    }
    case kBinInt1: {
      PELLUCID_ASSIGN_OR_RETURN(const auto value,
                                in_.Read<std::uint8_t>("pickle"));
      return PushInteger(value);
    }
    case kBinInt2: {
      PELLUCID_ASSIGN_OR_RETURN(const auto value,
                                in_.Read<std::uint16_t>("pickle"));
      return PushInteger(value);
    }
    case kLong1: {
      PELLUCID_ASSIGN_OR_RETURN(const auto size,
                                in_.Read<std::uint8_t>("pickle"));
      PELLUCID_ASSIGN_OR_RETURN(const auto bytes, in_.Bytes(size, "pickle"));
      if (size > 8) return Damaged("holds a number beyond 64 bits");
      std::uint64_t value = 0;  // two's complement, as many bytes as it takes
      for (std::size_t i = 0; i < size; ++i) {
        value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
      }
      if (size > 0 && size < 8 &&
          std::to_integer<unsigned>(bytes[size - 1u]) >= 0x80) {
        value |= ~std::uint64_t{0} << (8 * size);
      }
      return PushInteger(static_cast<std::int64_t>(value));
    }
    case kBinFloat: {
      PELLUCID_ASSIGN_OR_RETURN(const auto bits,
                                in_.Read<std::uint64_t>("pickle"));
      return Push({.kind = Kind::kFloat,  // stored with the high byte first
                   .number = std::bit_cast<double>(__builtin_bswap64(bits))});
    }
    default:
      return PushInteger(opcode == kNewTrue ? 1 : 0, Kind::kBool);
  }
}

Status Machine::StepText(std::uint8_t opcode) {
  std::uint32_t size = 0;
  if (opcode == kBinUnicode) {
    PELLUCID_ASSIGN_OR_RETURN(size, in_.Read<std::uint32_t>("pickle"));
  } else {
    PELLUCID_ASSIGN_OR_RETURN(size, in_.Read<std::uint8_t>("pickle"));
  }
  PELLUCID_ASSIGN_OR_RETURN(const std::string_view text,
                            in_.Text(size, "pickle"));
  return Push({.kind = Kind::kText, .text = std::string(text)});
}

Status Machine::Put(std::uint64_t at) {
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t top, Pop());
  stack_.push_back(top);
  memo_[at] = top;
  return {};
}

Status Machine::StepMemo(std::uint8_t opcode) {
  if (opcode == kMemoize) return Put(memo_.size());
  std::uint64_t at = 0;
  if (opcode == kBinGet || opcode == kBinPut) {
    PELLUCID_ASSIGN_OR_RETURN(at, in_.Read<std::uint8_t>("pickle"));
  } else {
    PELLUCID_ASSIGN_OR_RETURN(at, in_.Read<std::uint32_t>("pickle"));
  }
  if (opcode == kBinPut || opcode == kLongBinPut) return Put(at);
  const auto found = memo_.find(at);
  if (found == memo_.end()) return Damaged("asks for what it did not keep");
  stack_.push_back(found->second);
  return {};
}

Status Machine::PushTuple(std::size_t count) {
  TorchValue out{.kind = Kind::kList};
  out.items.resize(count);
  for (std::size_t i = count; i-- > 0;) {
    PELLUCID_ASSIGN_OR_RETURN(out.items[i], Pop());
  }
  return Push(std::move(out));
}

// Keys and values in turn, into the dict that is the stack's last value.
Status Machine::SetPairs(const std::vector<std::size_t>& flat) {
  if (flat.size() % 2 != 0) return Damaged("holds a key without a value");
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t dict, Top(Kind::kDict));
  for (std::size_t i = 0; i < flat.size(); i += 2) {
    values_[dict].pairs.emplace_back(flat[i], flat[i + 1]);
  }
  return {};
}

Status Machine::StepContainer(std::uint8_t opcode) {
  switch (opcode) {
    case kMark:
      marks_.push_back(stack_.size());
      return {};
    case kEmptyDict:
      return PushKind(Kind::kDict);
    case kEmptyList:
    case kEmptyTuple:
      return PushKind(Kind::kList);
    case kTuple1:
    case kTuple2:
    case kTuple3:
      return PushTuple(opcode - kTuple1 + 1u);
    case kTuple: {
      PELLUCID_ASSIGN_OR_RETURN(std::vector<std::size_t> items, PopToMark());
      return Push({.kind = Kind::kList, .items = std::move(items)});
    }
    case kAppend:
    case kAppends: {
      std::vector<std::size_t> items(1);
      if (opcode == kAppends) {
        PELLUCID_ASSIGN_OR_RETURN(items, PopToMark());
      } else {
        PELLUCID_ASSIGN_OR_RETURN(items[0], Pop());
      }
      PELLUCID_ASSIGN_OR_RETURN(const std::size_t list, Top(Kind::kList));
      values_[list].items.insert(values_[list].items.end(), items.begin(),
                                 items.end());
      return {};
    }
    case kSetItem: {
      PELLUCID_ASSIGN_OR_RETURN(const std::size_t value, Pop());
      PELLUCID_ASSIGN_OR_RETURN(const std::size_t key, Pop());
      return SetPairs({key, value});
    }
    case kSetItems: {
      PELLUCID_ASSIGN_OR_RETURN(const std::vector<std::size_t> flat,
                                PopToMark());
      return SetPairs(flat);
    }
    default:
      return in_.Problem(fmt::format(
          "its pickle has the instruction 0x{:02x}, which containers of "
          "tensors do not need, and which is not run; save a plain dict of "
          "tensors",
          opcode));
  }
}

Status Machine::PushName(std::string_view module, std::string_view name) {
  const std::string full = fmt::format("{} {}", module, name);
  for (const KnownName& known : kKnownNames) {
    if (known.name != full) continue;
    TorchValue value{.kind = Kind::kOther,
                     .integer = static_cast<std::int64_t>(known.means)};
    value.tensor.dtype = known.dtype;
    return Push(std::move(value));
  }
  return in_.Problem(fmt::format(
      "its pickle asks for {}.{}, which is not run; save a plain dict of "
      "tensors of float32, float16, bfloat16 or float64",
      Quote(module), Quote(name)));
}

Status Machine::StepObject(std::uint8_t opcode) {
  switch (opcode) {
    case kGlobal: {
      std::string lines[2];  // module and name, each ended by a newline
      for (std::string& line : lines) {
        while (true) {
          PELLUCID_ASSIGN_OR_RETURN(const auto c,
                                    in_.Read<std::uint8_t>("pickle"));
          if (c == '\n') break;
          line.push_back(static_cast<char>(c));
        }
      }
      return PushName(lines[0], lines[1]);
    }
    case kStackGlobal: {
      PELLUCID_ASSIGN_OR_RETURN(const std::size_t name, Pop());
      PELLUCID_ASSIGN_OR_RETURN(const std::size_t module, Pop());
      return PushName(values_[module].text, values_[name].text);
    }
    case kReduce:
      return Reduce();
    case kBinPersId:
      return Persistent();
    default: {
      // The attributes of a state_dict, which hold versions of modules.
      const auto state = Pop();
      if (!state.ok()) return state.error();
      const auto dict = Top(Kind::kDict);
      return dict.ok() ? Status() : Status(dict.error());
    }
  }
}

// A call of one of the known names with a tuple of arguments.
Status Machine::Reduce() {
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t arguments_at, Pop());
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t callee_at, Pop());
  const TorchValue& arguments = values_[arguments_at];
  const TorchValue& callee = values_[callee_at];
  if (callee.kind != Kind::kOther || arguments.kind != Kind::kList ||
      !callee.tensor.storage.empty()) {
    return Damaged("calls what cannot be called");
  }
  switch (static_cast<Name>(callee.integer)) {
    case Name::kOrderedDict: {
      PELLUCID_ASSIGN_OR_RETURN(TorchValue dict, MakeDict(arguments));
      return Push(std::move(dict));
    }
    case Name::kRebuildTensor: {
      PELLUCID_ASSIGN_OR_RETURN(TorchValue tensor, MakeTensor(arguments));
      return Push(std::move(tensor));
    }
    case Name::kRebuildParameter:
      if (arguments.items.empty() || Item(arguments, 0).kind != Kind::kTensor) {
        return Damaged("makes a parameter of what is no tensor");
      }
      stack_.push_back(arguments.items[0]);
      return {};
    case Name::kStorage:
      break;
  }
  return Damaged("calls what cannot be called");
}

// OrderedDict() or OrderedDict([[key, value], ...]).
Result<TorchValue> Machine::MakeDict(const TorchValue& arguments) const {
  TorchValue dict{.kind = Kind::kDict};
  if (arguments.items.empty()) return dict;
  const TorchValue& pairs = Item(arguments, 0);
  if (arguments.items.size() != 1 || pairs.kind != Kind::kList) {
    return Damaged("makes a dict of what are no pairs");
  }
  for (std::size_t i = 0; i < pairs.items.size(); ++i) {
    const TorchValue& pair = Item(pairs, i);
    if (pair.kind != Kind::kList || pair.items.size() != 2) {
      return Damaged("makes a dict of what are no pairs");
    }
    dict.pairs.emplace_back(pair.items[0], pair.items[1]);
  }
  return dict;
}

// _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, hooks, ...).
Result<TorchValue> Machine::MakeTensor(const TorchValue& arguments) const {
  const auto wrong = [&] { return Damaged("describes no tensor"); };
  if (arguments.items.size() < 4) return wrong();
  const TorchValue& storage = Item(arguments, 0);
  const TorchValue& offset = Item(arguments, 1);
  if (storage.kind != Kind::kOther || storage.tensor.storage.empty() ||
      offset.kind != Kind::kInteger || offset.integer < 0) {
    return wrong();
  }
  TorchValue out{.kind = Kind::kTensor};
  out.tensor = storage.tensor;
  out.tensor.offset = static_cast<std::uint64_t>(offset.integer);
  const auto read = [&](const TorchValue& list, std::vector<std::size_t>* to) {
    if (list.kind != Kind::kList || list.items.size() > kMaxRank) return false;
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const TorchValue& number = Item(list, i);
      if (number.kind != Kind::kInteger || number.integer < 0) return false;
      to->push_back(static_cast<std::size_t>(number.integer));
    }
    return true;
  };
  if (!read(Item(arguments, 2), &out.tensor.shape) ||
      !read(Item(arguments, 3), &out.tensor.strides) ||
      out.tensor.shape.size() != out.tensor.strides.size()) {
    return wrong();
  }
  return out;
}

// ("storage", type, key, device, elements).
Status Machine::Persistent() {
  PELLUCID_ASSIGN_OR_RETURN(const std::size_t at, Pop());
  const TorchValue& id = values_[at];
  const auto wrong = [&] { return Damaged("names no storage"); };
  if (id.kind != Kind::kList || id.items.size() < 5) return wrong();
  const TorchValue& type = Item(id, 1);
  const TorchValue& key = Item(id, 2);
  const TorchValue& elements = Item(id, 4);
  const bool is_type =
      type.kind == Kind::kOther && type.tensor.storage.empty() &&
      type.integer == static_cast<std::int64_t>(Name::kStorage);
  if (Item(id, 0).text != "storage" || !is_type || key.text.empty() ||
      elements.kind != Kind::kInteger || elements.integer < 0) {
    return wrong();
  }
  TorchValue out{.kind = Kind::kOther, .integer = type.integer};
  out.tensor.dtype = type.tensor.dtype;
  out.tensor.storage = key.text;
  out.tensor.storage_elements = static_cast<std::uint64_t>(elements.integer);
  return Push(std::move(out));
}

}  // namespace

Result<TorchPickle> ReadTorchPickle(std::span<const std::byte> bytes,
                                    std::string_view name) {
  return Machine(bytes, name).Run();
}

}  // namespace pellucid
