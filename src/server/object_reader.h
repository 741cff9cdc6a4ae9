// One JSON object, key by key: each that is asked for is taken, and what is
// left in the end is an error. The first error stays; later calls do nothing,
// so that a reader of a request asks once, at its end.
#ifndef PELLUCID_SERVER_OBJECT_READER_H_
#define PELLUCID_SERVER_OBJECT_READER_H_

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pellucid/result.h"

namespace pellucid::server {

class ObjectReader {
 public:
  // `where` opens every message: "lens: request". The document of `element`
  // outlives it.
  ObjectReader(simdjson::dom::element element, std::string where);

  // Takes a key's value. False: it is not there, or an error. `to` is set only
  // where it is.
  bool Text(std::string_view key, std::string* to);
  bool Text(std::string_view key, std::optional<std::string>* to);
  bool Flag(std::string_view key, bool* to);
  bool Count(std::string_view key, std::size_t low, std::size_t high,
             std::size_t* to);
  bool Integer(std::string_view key, std::int64_t low, std::int64_t high,
               std::int64_t* to);
  bool Unsigned(std::string_view key, std::uint64_t* to);
  bool Real(std::string_view key, double low, double high, double* to);
  // One of `choices`, as its place there.
  bool Choice(std::string_view key, std::vector<std::string_view> choices,
              std::size_t* to);
  bool Texts(std::string_view key, std::size_t most,
             std::vector<std::string>* to);
  bool List(std::string_view key, simdjson::dom::array* to);

  // The value of a key that has a reader of its own, which reports by Problem.
  std::optional<simdjson::dom::element> Value(std::string_view key);

  // "WHERE: "key" WHAT", unless there is an error already.
  void Problem(std::string_view key, const std::string& what);
  void Problem(const std::string& what);
  void Take(const Status& status);
  // "key" is missing; give it.
  void Require(std::string_view key, bool given);

  bool ok() const { return status_.ok(); }
  const std::string& where() const { return where_; }

  // The first error; else one if a key was not asked for.
  Status Finish();

 private:
  struct Field {
    std::string_view key;
    simdjson::dom::element value;
    bool taken = false;
  };

  void Read(simdjson::dom::object object);

  std::string where_;
  std::vector<Field> fields_;
  std::vector<std::string_view> asked_;
  Status status_;
};

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_OBJECT_READER_H_
