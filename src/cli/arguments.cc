#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/edit_distance.h"
#include "base/quote.h"

namespace pellucid::cli {
namespace {

constexpr std::size_t kHelpColumn = 26;  // where the help of an option begins
constexpr std::size_t kHelpWidth = 80;

// Appends `text` to `out` from `column` on, broken at blanks so that no line
// passes kHelpWidth; further lines begin at `indent`.
void AppendWrapped(std::string_view text, std::size_t column,
                   std::size_t indent, std::string& out) {
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    if (column > indent && column + 1 + word.size() > kHelpWidth) {
      out += '\n';
      out.append(indent, ' ');
      column = indent;
    } else if (column > indent) {
      out += ' ';
      ++column;
    }
    out += word;
    column += word.size();
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  out += '\n';
}

// "-m,--model" as people write it: "-m, --model".
std::string Spaced(const std::string& names) {
  const std::size_t comma = names.find(',');
  if (comma == std::string::npos) return "    " + names;
  return names.substr(0, comma) + ", " + names.substr(comma + 1);
}

bool HasSeparator(std::span<const std::string> args) {
  return std::find(args.begin(), args.end(), "--") != args.end();
}

}  // namespace

struct Arguments::Given {
  std::vector<std::vector<std::string>> values;  // one an entry
  std::vector<std::string> extras;               // what no entry took
  bool help = false;
};

Arguments::Arguments(std::string command, std::string description)
    : command_(std::move(command)), description_(std::move(description)) {}

void Arguments::Flag(std::string names, bool* to, std::string help) {
  const auto take = [to](const std::string&) {
    *to = true;
    return Status();
  };
  entries_.push_back(
      {std::move(names), "", std::move(help), true, false, take});
}

void Arguments::Text(std::string names, std::string value,
                     std::optional<std::string>* to, std::string help) {
  const auto take = [this, names, to](const std::string& text) {
    if (text.empty()) {
      return Status(
          Problem(names, "needs a value, but got an empty one; give one"));
    }
    *to = text;
    return Status();
  };
  entries_.push_back({std::move(names), std::move(value), std::move(help),
                      false, false, take});
}

void Arguments::Texts(std::string names, std::string value,
                      std::vector<std::string>* to, std::string help) {
  const auto take = [to](const std::string& text) {
    to->push_back(text);
    return Status();
  };
  entries_.push_back(
      {std::move(names), std::move(value), std::move(help), true, false, take});
}

void Arguments::Number(std::string names, std::string value, std::size_t low,
                       std::size_t high, std::size_t* to, std::string help) {
  const auto take = [this, names, low, high, to](const std::string& text) {
    const std::optional<std::uint64_t> number = ParseNumber(text);
    if (number && *number >= low && *number <= high) {
      *to = *number;
      return Status();
    }
    return Status(
        Problem(names, fmt::format("\"{}\" is no whole number from {} to {}; "
                                   "give one",
                                   Quote(text), low, high)));
  };
  entries_.push_back({std::move(names), std::move(value), std::move(help),
                      false, false, take});
}

void Arguments::Real(std::string names, std::string value, double low,
                     double high, std::optional<double>* to,
                     std::string help) {
  const auto take = [this, names, low, high, to](const std::string& text) {
    *to = ParseReal(text);
    if (*to && **to >= low && **to <= high) return Status();
    return Status(Problem(
        names, fmt::format("\"{}\" is no number from {} to {}; give one",
                           Quote(text), low, high)));
  };
  entries_.push_back({std::move(names), std::move(value), std::move(help),
                      false, false, take});
}

void Arguments::Choice(std::string names, std::vector<std::string> choices,
                       std::string* to, std::string help) {
  const std::string listed = fmt::format("{}", fmt::join(choices, "|"));
  const auto take = [this, names, choices = std::move(choices), listed,
                     to](const std::string& text) {
    if (std::find(choices.begin(), choices.end(), text) != choices.end()) {
      *to = text;
      return Status();
    }
    return Status(
        Problem(names, fmt::format("\"{}\" is not among the choices; give {}",
                                   Quote(text), listed)));
  };
  entries_.push_back(
      {std::move(names), listed, std::move(help), false, false, take});
}

void Arguments::Positional(std::string value, std::optional<std::string>* to,
                           std::string help) {
  const auto take = [to](const std::string& text) {
    *to = text;
    return Status();
  };
  entries_.push_back(
      {value, std::move(value), std::move(help), false, true, take});
}

void Arguments::Example(std::string line) {
  examples_.push_back(std::move(line));
}

Result<bool> Arguments::Parse(std::span<const std::string> args) const {
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  const CLI::Option* help = app.add_flag("-h,--help");
  std::vector<const CLI::Option*> options;
  for (const Entry& entry : entries_) {
    CLI::Option* option = entry.value.empty() ? app.add_flag(entry.names)
                                              : app.add_option(entry.names);
    // How often an option may stand is judged in Check.
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    options.push_back(option);
  }
  Given given;
  try {
    std::vector<std::string> words = WithEmptyValues(args);
    std::reverse(words.begin(), words.end());  // the order CLI11 wants
    app.parse(words);
  } catch (const CLI::ParseError& error) {  // it begins with the option's name
    const std::string_view what = error.what();
    return Problem(what.substr(0, what.find_first_of(": ")),
                   "needs a value; give one");
  }
  for (const CLI::Option* option : options) {
    given.values.push_back(option->results());
  }
  given.extras = app.remaining();
  given.help = help->count() > 0;
  PELLUCID_RETURN_IF_ERROR(Check(given, args));
  return given.help;
}

// CLI11 takes "--target=" for an option whose value comes next; here it is an
// empty value.
std::vector<std::string> Arguments::WithEmptyValues(
    std::span<const std::string> args) const {
  std::vector<std::string> words;
  bool options_end = false;
  for (const std::string& arg : args) {
    options_end = options_end || arg == "--";
    const std::string name = arg.substr(0, arg.find('='));
    const Entry* entry = FindOption(name);
    const bool is_empty = !options_end && name.size() + 1 == arg.size() &&
                          entry != nullptr && !entry->value.empty();
    words.push_back(is_empty ? name : arg);
    if (is_empty) words.emplace_back();
  }
  return words;
}

Status Arguments::Check(const Given& given,
                        std::span<const std::string> args) const {
  for (const std::string& extra : given.extras) {
    if (extra != "--") return ExtraArgument(extra, args);
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    const std::string name = entry.positional ? entry.value : LongName(entry);
    if (!entry.repeats && given.values[i].size() > 1) {
      return Problem(name, fmt::format("is given {} times; give it once",
                                       given.values[i].size()));
    }
    for (const std::string& value : given.values[i]) {
      if (entry.value.empty() && value != "true") {
        return Problem(name, fmt::format("takes no value, but got \"{}\"; "
                                         "leave it out",
                                         Quote(value)));
      }
      if (entry.positional && value.size() > 1 && value.starts_with('-') &&
          !HasSeparator(args)) {
        return ExtraArgument(value, args);
      }
      if (!entry.positional && FindOption(value) != nullptr) {
        return Problem(name, fmt::format("needs a value, but {} follows; give "
                                         "one",
                                         value));
      }
      if (!given.help) PELLUCID_RETURN_IF_ERROR(entry.take(value));
    }
  }
  return {};
}

Error Arguments::ExtraArgument(const std::string& argument,
                               std::span<const std::string> args) const {
  const std::string see = fmt::format("see pellucid {} --help", command_);
  if (argument.starts_with('-') && !HasSeparator(args)) {
    std::vector<std::string> names = {"--help"};
    for (const Entry& entry : entries_) {
      if (!entry.positional) names.push_back(LongName(entry));
    }
    const std::string flag = argument.substr(0, argument.find('='));
    const auto nearest = Nearest(flag, names);
    return Problem(
        Quote(argument),
        fmt::format("no such option; {}put -- before a text that "
                    "begins with \"-\", or {}",
                    nearest ? "nearest: " + *nearest + "; " : "", see));
  }
  return Problem(
      Quote(argument),
      fmt::format("one argument too many; put quotes around a text of several "
                  "words, or {}",
                  see));
}

std::string Arguments::LongName(const Entry& entry) const {
  return entry.names.substr(entry.names.find(',') + 1);
}

const Arguments::Entry* Arguments::FindOption(std::string_view name) const {
  const auto found =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
        return !entry.positional && name == LongName(entry);
      });
  return found == entries_.end() ? nullptr : &*found;
}

Error Arguments::Problem(std::string_view object, std::string_view what) const {
  const std::string_view name = object.substr(object.find(',') + 1);
  return UsageError(fmt::format("{}: {}: {}", command_, name, what));
}

std::string Arguments::Help() const {
  std::string out = fmt::format("Usage: pellucid {} [OPTIONS]", command_);
  for (const Entry& entry : entries_) {
    if (entry.positional) out += fmt::format(" [{}]", entry.value);
  }
  out += "\n\n";
  AppendWrapped(description_, 0, 0, out);
  out += "\nOptions:\n";
  const auto append = [&out](std::string left, const std::string& help) {
    left = "  " + left;
    if (left.size() + 2 > kHelpColumn) {
      out += left + "\n";
      left.clear();
    }
    left.resize(kHelpColumn, ' ');
    out += left;
    AppendWrapped(help, kHelpColumn, kHelpColumn, out);
  };
  for (const Entry& entry : entries_) {
    append(entry.positional ? entry.value
           : entry.value.empty()
               ? Spaced(entry.names)
               : fmt::format("{} {}", Spaced(entry.names), entry.value),
           entry.help);
  }
  append("-h, --help", "show this and exit");
  if (!examples_.empty()) out += "\nExamples:\n";
  for (const std::string& line : examples_) out += "  " + line + "\n";
  return out;
}

std::optional<std::string> Nearest(std::string_view name,
                                   std::span<const std::string> candidates) {
  std::optional<std::string> nearest;
  std::size_t best = name.size() / 3 + 1;  // must be below
  for (const std::string& candidate : candidates) {
    const std::size_t distance = EditDistance(name, candidate);
    if (distance < best) {
      best = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == ',') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

std::optional<double> ParseReal(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::optional<std::uint64_t> ParseNumber(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end || text.empty()) return std::nullopt;
  return number;
}

}  // namespace pellucid::cli
