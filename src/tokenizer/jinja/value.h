// What expressions of a template give: Python's values, as far as JSON and
// templates make them.
//
// Everything a rendering makes is owned by its Heap and freed with it, so that
// values are two words, copied freely, and no cycle (a namespace that holds
// itself) leaks. How much is made is bounded by kMaxWork.
#ifndef PELLUCID_TOKENIZER_JINJA_VALUE_H_
#define PELLUCID_TOKENIZER_JINJA_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pellucid/result.h"
#include "tokenizer/jinja/limits.h"
#include "tokenizer/jinja/text.h"

namespace pellucid::jinja {

enum class Kind : std::uint8_t {
  kUndefined,
  kNone,
  kBool,
  kInt,
  kFloat,
  kText,
  kList,
  kDict,
  kNamespace,
  kLoop,
  kCallable,
};

struct List;
struct Dict;
struct Namespace;
struct Loop;
struct Callable;

// Why a value is undefined, for when it is used: "'x' is undefined".
struct Undefined {
  std::string why;
};

class Value {
 public:
  Value() : kind_(Kind::kNone), integer_(0) {}  // none
  explicit Value(bool value) : kind_(Kind::kBool), integer_(value ? 1 : 0) {}
  explicit Value(std::int64_t value) : kind_(Kind::kInt), integer_(value) {}
  explicit Value(double value) : kind_(Kind::kFloat), number_(value) {}
  explicit Value(const Undefined* undefined)
      : kind_(Kind::kUndefined), undefined_(undefined) {}
  explicit Value(const Text* text) : kind_(Kind::kText), text_(text) {}
  explicit Value(List* list) : kind_(Kind::kList), list_(list) {}
  explicit Value(const Dict* dict) : kind_(Kind::kDict), dict_(dict) {}
  explicit Value(Namespace* space) : kind_(Kind::kNamespace), space_(space) {}
  explicit Value(Loop* loop) : kind_(Kind::kLoop), loop_(loop) {}
  explicit Value(const Callable* callable)
      : kind_(Kind::kCallable), callable_(callable) {}

  Kind kind() const { return kind_; }
  bool Is(Kind kind) const { return kind_ == kind; }
  // As Python's isinstance(value, int): true and false are integers too.
  bool IsInteger() const { return Is(Kind::kInt) || Is(Kind::kBool); }
  bool IsNumber() const { return IsInteger() || Is(Kind::kFloat); }

  // Each requires its kind.
  bool boolean() const { return integer_ != 0; }
  std::int64_t integer() const { return integer_; }  // also of a Bool
  double number() const {                            // of any number
    return Is(Kind::kFloat) ? number_ : static_cast<double>(integer_);
  }
  const Undefined& undefined() const { return *undefined_; }
  const Text& text() const { return *text_; }
  std::string_view view() const { return text_->bytes; }
  List& list() const { return *list_; }
  const Dict& dict() const { return *dict_; }
  Namespace& space() const { return *space_; }
  Loop& loop() const { return *loop_; }
  const Callable& callable() const { return *callable_; }

  // Python's `is`: the same object, or the same small value.
  bool SameAs(const Value& other) const;

 private:
  Kind kind_;
  union {
    std::int64_t integer_;
    double number_;
    const Undefined* undefined_;
    const Text* text_;
    List* list_;
    const Dict* dict_;
    Namespace* space_;
    Loop* loop_;
    const Callable* callable_;
  };
};

// What a sequence is to Python. Nothing changes one, but that a generator is
// empty once it was run through.
enum class ListKind : std::uint8_t {
  kList,
  kTuple,
  kRange,
  kView,       // dict.keys() and so on: has a length, but no elements
  kGenerator,  // has neither
};

struct List {
  ListKind kind = ListKind::kList;
  std::vector<Value> items;
};

// Keys in the order in which they came.
struct Dict {
  std::vector<std::pair<Value, Value>> items;
  std::optional<std::uint32_t> origin;  // the message that it is

  // Null: not there. Keys that are equal in Python are equal here.
  const Value* Find(const Value& key) const;
  const Value* Find(std::string_view key) const;
  // Replaces the value of an equal key.
  void Set(const Value& key, const Value& value);

 private:
  std::optional<std::size_t> IndexOf(const Value& key) const;

  std::unordered_map<std::string_view, std::size_t> texts_;
  std::vector<std::size_t> others_;  // of keys that are no texts
};

// namespace(): what `set` may change from within loops.
struct Namespace {
  std::vector<std::pair<std::string_view, Value>> items;

  const Value* Find(std::string_view name) const;
  void Set(std::string_view name, const Value& value);
};

// The variable `loop`.
struct Loop {
  std::span<const Value> items;
  std::size_t index = 0;                      // from 0
  std::size_t depth = 0;                      // from 0
  std::optional<std::vector<Value>> changed;  // what loop.changed was called on
};

struct MacroNode;
struct Scope;

// A function, a method of `self`, or a macro.
struct Callable {
  enum class Kind { kFunction, kMethod, kMacro };
  Kind kind = Kind::kFunction;
  std::string_view name;  // of the source or of a literal
  Value self;
  const MacroNode* macro = nullptr;
  Scope* scope = nullptr;  // where the macro stands
};

// The variables of a block. Names are numbers that the parser gave.
struct Scope {
  Scope* parent = nullptr;
  std::vector<std::pair<int, Value>> names;

  const Value* Find(int name) const;  // here and above; null: nowhere
  void Set(int name, const Value& value);
};

class Heap {
 public:
  // For kMaxWork, and `more`.
  explicit Heap(std::size_t more = 0) : limit_(kMaxWork + more) {}
  Heap(const Heap&) = delete;
  Heap& operator=(const Heap&) = delete;

  // Adds to the work done. What does more at once than it reads asks first:
  // kModel where that would be beyond the limit.
  void Spend(std::size_t work) { work_ += work; }
  Status Ask(std::size_t work);
  // kModel: the work that was spent is too much.
  Status Check() const;
  std::size_t rest() const { return work_ < limit_ ? limit_ - work_ : 0; }

  Value Make(Text text);
  Value Make(std::string_view text) { return Make(Text(text)); }
  Value Make(std::vector<Value> items, ListKind kind = ListKind::kList);
  Value Make(Dict dict);
  Value MakeUndefined(std::string why);
  Value MakeNamespace(Namespace space);
  Value MakeCallable(const Callable& callable);
  Scope* MakeScope(Scope* parent);
  Loop* MakeLoop();

 private:
  std::size_t limit_;
  std::size_t work_ = 0;
  std::deque<Text> texts_;
  std::deque<List> lists_;
  std::deque<Dict> dicts_;
  std::deque<Undefined> undefined_;
  std::deque<Namespace> spaces_;
  std::deque<Callable> callables_;
  std::deque<Scope> scopes_;
  std::deque<Loop> loops_;
};

// Python's name of the type: "str", "dict", "NoneType".
std::string_view TypeName(const Value& value);

// The error of everything that goes wrong in a template: no position yet.
Error TemplateError(std::string what);
// "'x' is undefined", of an undefined value that is used.
Error UndefinedError(const Value& value);

// bool(value).
bool IsTrue(const Value& value);

// The elements that a loop over `value` sees: of a text its characters, of a
// dict its keys, of an undefined value none. kModel: it is not iterable.
Result<std::vector<Value>> Iterate(const Value& value, Heap& heap);

// len(value). kModel: it has none.
Result<std::int64_t> LengthOf(const Value& value, Heap& heap);

}  // namespace pellucid::jinja

#endif  // PELLUCID_TOKENIZER_JINJA_VALUE_H_
