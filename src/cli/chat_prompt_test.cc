#include "cli/chat_prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "testutil/run_cli.h"
#include "testutil/temp_dir.h"
#include "testutil/text_model.h"

namespace pellucid::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testutil::RunCli;

// A turn is its letter, its text and EOS; BOS begins the conversation. Ids:
// testutil/text_model.h.
constexpr char kTemplate[] =
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'tool' %}"
    "{{ raise_exception('no tools') }}{% endif %}"
    "{{ 'h' if m.role == 'user' else 'g' }}{{ m.content }}{{ eos_token }}"
    "{% endfor %}{% if add_generation_prompt %}g{{ x }}{% endif %}";

class ChatPromptTest : public ::testing::Test {
 protected:
  // A lens of the prompt as JSON.
  testutil::CliOutcome Lens(std::vector<std::string> args) {
    args.insert(args.begin(), "lens");
    args.insert(args.end(), {"-m", model_, "--json", "-"});
    return RunCli(std::move(args));
  }

  testutil::TempDir dir_;
  std::string model_ = testutil::WriteTextModel(dir_, false, kTemplate);
};

TEST(MessagesOfTest, AListIsItselfAndATextAMessage) {
  EXPECT_EQ(MessagesOf("a\"\n"),
            "[{\"role\":\"user\",\"content\":\"a\\\"\\n\"}]\n");
  EXPECT_EQ(MessagesOf(" [{\"role\": \"x\"}]"), " [{\"role\": \"x\"}]");
  EXPECT_THAT(MessagesOf("[INST] a"), HasSubstr("\"[INST] a\""));
}

TEST(ParseChatLineTest, ALineIsATextOrMessages) {
  EXPECT_EQ(ParseChatLine("\"a\"")->text, "a");
  EXPECT_EQ(ParseChatLine("{\"text\": \"a\"}")->text, "a");
  EXPECT_EQ(ParseChatLine("{\"messages\": [1]}")->text, "[1]");
  EXPECT_EQ(ParseChatLine("[{\"role\": \"user\"}]")->text,
            "[{\"role\":\"user\"}]");
  EXPECT_THAT(ParseChatLine("{\"ids\": [1]}").error().message,
              HasSubstr("ids are no conversation"));
  EXPECT_FALSE(ParseChatLine("{").ok());
}

TEST_F(ChatPromptTest, APromptIsAMessageOfTheUser) {
  const auto run = Lens({"--chat", "ab"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_THAT(run.out, HasSubstr("\"text\": \"<s>hab</s>g\""));
  EXPECT_THAT(run.out,
              HasSubstr("\"turns\": [{\"role\": \"user\", \"tokens\": [1, 4]}, "
                        "{\"role\": \"assistant\", \"tokens\": [4, 5]}]"));
}

TEST_F(ChatPromptTest, MessagesAndVariablesAreJson) {
  const auto run = Lens(
      {"--chat", "--chat-vars", "{\"x\": \"c\"}",
       "[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", "
       "\"content\": \"b\"}]"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\"text\": \"<s>ha</s>gb</s>gc\""));
  const auto ended = Lens({"--chat", "--no-generation-prompt", "a"});
  EXPECT_THAT(ended.out, HasSubstr("\"text\": \"<s>ha</s>\""));
}

TEST_F(ChatPromptTest, ASecondBosIsWarnedOf) {
  const auto always = Lens({"--chat", "--bos", "always", "a"});
  EXPECT_THAT(always.err,
              HasSubstr("the template puts the BOS token first already"));
  EXPECT_THAT(always.out, HasSubstr("\"text\": \"<s>ha</s>g\""));
  const testutil::TempDir dir;
  const std::string model = testutil::WriteTextModel(
      dir, false, "{{ bos_token }}{{ messages[0].content }}");
  const auto twice =
      RunCli({"lens", "--chat", "<s>a", "-m", model, "--json", "-"});
  EXPECT_THAT(twice.err, HasSubstr("begins with the BOS token twice"));
}

TEST_F(ChatPromptTest, MistakesAreTold) {
  const auto refused =
      Lens({"--chat", "[{\"role\": \"tool\", \"content\": \"a\"}]"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("no tools"));
  const auto list = Lens({"--chat", "[1, 2]"});
  EXPECT_EQ(list.exit_code, 2);
  EXPECT_THAT(list.err,
              HasSubstr("lens: prompt: message 0: is no object; write"));
  EXPECT_EQ(Lens({"--chat", "--ids", "1,2"}).exit_code, 2);
  EXPECT_EQ(Lens({"--chat-vars", "{}", "a"}).exit_code, 2);
  EXPECT_EQ(Lens({"--chat", "--chat-vars", "[]", "a"}).exit_code, 2);
}

TEST_F(ChatPromptTest, AModelWithoutATemplateSaysSo) {
  const testutil::TempDir dir;
  const auto run =
      RunCli({"lens", "--chat", "a", "-m", testutil::WriteTextModel(dir)});
  EXPECT_EQ(run.exit_code, 3);
  EXPECT_EQ(run.err, "pellucid: error: chat: " + (dir / "text.gguf") +
                         ": the model has no chat template; leave out "
                         "--chat\n");
}

TEST_F(ChatPromptTest, EachLineOfAFileIsAConversation) {
  const std::string lines =
      "\"a\"\n{\"messages\": [{\"role\": \"user\", \"content\": \"b\"}]}\n";
  const auto run =
      RunCli({"lens", "--chat", "--jsonl", "-", "-m", model_}, lines);
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\"text\":\"<s>ha</s>g\""));
  EXPECT_THAT(run.out, HasSubstr("\"text\":\"<s>hb</s>g\""));
  EXPECT_THAT(run.out, HasSubstr("\"turns\":[{\"role\":\"user\",\"tokens\":"
                                 "[1,4]}"));
  const auto bad = RunCli({"lens", "--chat", "--jsonl", "-", "-m", model_},
                          "{\"ids\": [1]}\n");
  EXPECT_EQ(bad.exit_code, 2);
  EXPECT_THAT(bad.err, HasSubstr("line 1"));
}

TEST_F(ChatPromptTest, HeadsAreShownOnAConversation) {
  const auto run = RunCli({"attn", "--chat", "ab", "--layers", "0", "-m",
                           model_, "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("</s>"));
  EXPECT_THAT(RunCli({"attr", "--help"}).out, HasSubstr("--chat"));
}

TEST_F(ChatPromptTest, ATraceListsTheTurns) {
  const auto run =
      RunCli({"trace", "--chat", "a", "-m", model_, "--sites", "embed", "--out",
              dir_ / "t.safetensors", "--json", "-"});
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("\"turns\": [{\"role\": \"user\""));
  const auto plain = RunCli({"trace", "a", "-m", model_, "--sites", "embed",
                             "--out", dir_ / "u.safetensors", "--json", "-"});
  EXPECT_THAT(plain.out, Not(HasSubstr("turns")));
}

}  // namespace
}  // namespace pellucid::cli
