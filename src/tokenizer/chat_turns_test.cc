#include "tokenizer/chat_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace pellucid {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

constexpr std::string_view kThree =
    R"([{"role": "system", "content": "S"}, {"role": "user", "content": "U"},
        {"role": "assistant", "content": "A"}])";
constexpr std::string_view kUser = R"([{"role": "user", "content": "U"}])";

// Roles and texts of the turns.
std::vector<std::pair<std::string, std::string>> TurnsOf(
    std::string_view source, std::string_view messages) {
  const auto chat =
      ChatTemplate::Parse(source, {{"bos_token", "<s>"}}, "m").value();
  const auto text =
      chat.Render(messages, {.add_generation_prompt = true}).value();
  std::vector<std::pair<std::string, std::string>> turns;
  for (const ChatTurn& turn : text.turns) {
    turns.emplace_back(turn.role,
                       text.text.substr(turn.begin, turn.end - turn.begin));
  }
  return turns;
}

TEST(ChatTurnsTest, ATurnIsTheRoundOfItsMessage) {
  EXPECT_THAT(
      TurnsOf("{{ bos_token }}{% for m in messages %}[{{ m.role }}]"
              "{{ m.content }};{% endfor %}",
              kThree),
      ElementsAre(Pair("system", "[system]S;"), Pair("user", "[user]U;"),
                  Pair("assistant", "[assistant]A;")));
}

TEST(ChatTurnsTest, ASystemTextOfTheTemplateIsATurnOfItsOwn) {
  EXPECT_THAT(TurnsOf("{% for m in messages %}{% if loop.first %}"
                      "[system]Help.</end>\n{% endif %}"
                      "{{ '[' + m.role + ']' + m.content + '</end>\n' }}"
                      "{% endfor %}[assistant]",
                      kUser),
              ElementsAre(Pair("system", "[system]Help.</end>\n"),
                          Pair("user", "[user]U</end>\n")));
  EXPECT_THAT(
      TurnsOf("{{ bos_token }}[system]Help.{% for m in messages %}"
              "[u]{{ m.content }}{% endfor %}",
              kUser),
      ElementsAre(Pair("system", "[system]Help."), Pair("user", "[u]U")));
}

TEST(ChatTurnsTest, BosIsPartOfNoTurn) {
  EXPECT_THAT(
      TurnsOf("{% for m in messages %}{% if loop.first %}"
              "{{ bos_token }}{% endif %}[u]{{ m.content }}{% endfor %}",
              kUser),
      ElementsAre(Pair("user", "[u]U")));
}

TEST(ChatTurnsTest, ATokenThatBeginsEveryTurnIsPartOfThem) {
  EXPECT_THAT(TurnsOf("{% for m in messages %}<s>{{ m.content }}{% endfor %}"
                      "{% if add_generation_prompt %}<s>{% endif %}",
                      kUser),
              ElementsAre(Pair("user", "<s>U"), Pair("assistant", "<s>")));
  EXPECT_THAT(
      TurnsOf("<s>{% for m in messages %}<{{ m.content }}>{% endfor %}", kUser),
      ElementsAre(Pair("user", "<U>")));
}

TEST(ChatTurnsTest, AMessageTakenOutOfTheLoopHasTheGap) {
  EXPECT_THAT(TurnsOf("{{ bos_token }}{% set s = messages[0].content %}"
                      "{{ '[sys]' + s + ';' }}{% for m in messages[1:] %}"
                      "[{{ m.role }}]{{ m.content }};{% endfor %}",
                      kThree),
              ElementsAre(Pair("system", "[sys]S;"), Pair("user", "[user]U;"),
                          Pair("assistant", "[assistant]A;")));
}

TEST(ChatTurnsTest, AMessageWithinAnotherIsItsOwnBytes) {
  EXPECT_THAT(TurnsOf("{% for m in messages[1:] %}[{{ m.role }}]"
                      "{% if loop.first %}<<{{ messages[0].content }}>>"
                      "{% endif %}{{ m.content }};{% endfor %}",
                      kThree),
              ElementsAre(Pair("user", "[user]<<S>>U;"), Pair("system", "S"),
                          Pair("assistant", "[assistant]A;")));
}

TEST(ChatTurnsTest, LoopsOverNumbersCutWhereTheirRoundsBegin) {
  EXPECT_THAT(TurnsOf("{% for i in range(messages|length) %}<"
                      "{{ messages[i].content }}>{% endfor %}",
                      kThree),
              ElementsAre(Pair("system", "<S>"), Pair("user", "<U>"),
                          Pair("assistant", "<A>")));
}

TEST(ChatTurnsTest, TheAnswerBeginsWhereThePromptDiffers) {
  EXPECT_THAT(TurnsOf("{% for m in messages %}<{{ m.content }}>"
                      "{% if loop.last and add_generation_prompt %}[a]"
                      "{% endif %}{% endfor %}",
                      kUser),
              ElementsAre(Pair("user", "<U>"), Pair("assistant", "[a]")));
}

TEST(ChatTurnsTest, AMessageThatLeavesNoTextHasNoTurn) {
  EXPECT_THAT(TurnsOf("{% for m in messages if m.role == 'user' %}"
                      "<{{ m.content }}>{% endfor %}",
                      kThree),
              ElementsAre(Pair("user", "<U>")));
}

}  // namespace
}  // namespace pellucid
