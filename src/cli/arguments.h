// The options of one command: how they are read, and the help that lists them.
//
// Parsing is CLI11's, kept behind this class so that its types, messages and
// exit codes stay inside: every mistake becomes one usage error in the
// project's form. One rule decides what an option is: an argument that begins
// with '-', unless it is "-" itself or stands behind "--".
//
//   Arguments arguments("info", "Shows what a model file holds.");
//   bool sites = false;
//   arguments.Flag("--sites", &sites, "list the sites too");
//   PELLUCID_ASSIGN_OR_RETURN(const bool help, arguments.Parse(args));
//   if (help) return io.out.Write(arguments.Help());
#ifndef PELLUCID_CLI_ARGUMENTS_H_
#define PELLUCID_CLI_ARGUMENTS_H_

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pellucid/result.h"

namespace pellucid::cli {

class Arguments {
 public:
  // `command` opens every message; `description` opens the help.
  Arguments(std::string command, std::string description);

  const std::string& command() const { return command_; }

  // Where a value goes must outlive Parse. `names` is a long name, after a
  // short one if there is one: "-m,--model". `value` names the value in the
  // help. Help texts are phrases; they state the default.
  void Flag(std::string names, bool* to, std::string help);
  void Text(std::string names, std::string value,  // not empty
            std::optional<std::string>* to, std::string help);
  void Texts(std::string names, std::string value,  // may be repeated, or empty
             std::vector<std::string>* to, std::string help);
  // A whole number from `low` to `high`.
  void Number(std::string names, std::string value, std::size_t low,
              std::size_t high, std::size_t* to, std::string help);
  // A decimal number from `low` to `high`.
  void Real(std::string names, std::string value, double low, double high,
            std::optional<double>* to, std::string help);
  // One of `choices`.
  void Choice(std::string names, std::vector<std::string> choices,
              std::string* to, std::string help);
  // The argument that is no option.
  void Positional(std::string value, std::optional<std::string>* to,
                  std::string help);
  // A line of the help's examples.
  void Example(std::string line);

  // True: --help was asked for, and nothing else matters. kUsage: anything
  // that the options above do not allow.
  Result<bool> Parse(std::span<const std::string> args) const;

  // Everything above for people, lines of at most 80 columns.
  std::string Help() const;

  // kUsage "COMMAND: OBJECT: WHAT", where `what` ends with what to do.
  Error Problem(std::string_view object, std::string_view what) const;

 private:
  using Take = std::function<Status(const std::string& value)>;
  struct Entry {
    std::string names;
    std::string value;  // empty: a flag
    std::string help;
    bool repeats = false;
    bool positional = false;
    Take take;
  };
  struct Given;  // what CLI11 found

  std::vector<std::string> WithEmptyValues(
      std::span<const std::string> args) const;
  Status Check(const Given& given, std::span<const std::string> args) const;
  Error ExtraArgument(const std::string& argument,
                      std::span<const std::string> args) const;
  std::string LongName(const Entry& entry) const;
  const Entry* FindOption(std::string_view name) const;  // null: none

  std::string command_, description_;
  std::vector<Entry> entries_;
  std::vector<std::string> examples_;
};

// Of `candidates` the one most like `name`, if any is near: at most a third of
// its characters differ (edit distance).
std::optional<std::string> Nearest(std::string_view name,
                                   std::span<const std::string> candidates);

// What stands between commas; an empty text is one empty item.
std::vector<std::string> SplitAtCommas(std::string_view text);

// A finite decimal number, nothing around it.
std::optional<double> ParseReal(std::string_view text);

// A whole decimal number, nothing around it; nothing if it is none or does not
// fit.
std::optional<std::uint64_t> ParseNumber(std::string_view text);

}  // namespace pellucid::cli

#endif  // PELLUCID_CLI_ARGUMENTS_H_
