// Edits on every family: one that changes no number changes no bit of a run,
// whatever its kind and site; and a run that resumes at the edited block and
// position, behind what it shares with an unedited one, has the bits of the
// whole run.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/forward.h"
#include "model/model_impl.h"
#include "pellucid/edit.h"
#include "pellucid/model.h"
#include "testutil/compare.h"
#include "testutil/golden.h"
#include "testutil/hf_goldens.h"
#include "testutil/per_isa.h"

namespace pellucid {
namespace {

using testutil::Bits;
using testutil::FamilyGoldenNames;
using testutil::FamilyGoldenPath;

class FamilyEditTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto golden =
        testutil::LoadGolden("families/" + GetParam() + ".golden.safetensors");
    ASSERT_TRUE(golden.ok()) << golden.error;
    ids_ = golden.Ids();
  }

  Model Open(std::size_t threads = 2) const {
    return Model::Open(FamilyGoldenPath(GetParam()), {.threads = threads})
        .value();
  }

  std::vector<TokenId> ids_;
};
INSTANTIATE_TEST_SUITE_P(Folders, FamilyEditTest,
                         ::testing::ValuesIn(FamilyGoldenNames()),
                         [](const auto& folder) { return folder.param; });

bool CanBeEdited(const std::string& site) {
  return site.find("rotary_emb") == std::string::npos;
}

std::vector<std::string> AllSites(const Model& model) {
  std::vector<std::string> names;
  for (const SiteInfo& site : model.Sites()) names.push_back(site.name);
  return names;
}

void ExpectSameTrace(const Trace& a, const Trace& b, const std::string& what) {
  ASSERT_EQ(a.sites.size(), b.sites.size());
  for (const auto& [name, tensor] : a.sites) {
    ASSERT_EQ(Bits(tensor.data), Bits(b.Find(name)->data))
        << what << ", " << name;
  }
  EXPECT_EQ(Bits(a.last_logits), Bits(b.last_logits)) << what;
}

// Scaling by one, a custom function that leaves all as it is, and values that
// are what the run itself recorded.
TEST_P(FamilyEditTest, AnIdentityEditOfEverySiteChangesNoBit) {
  const Model model = Open();
  RunOptions options{.sites = AllSites(model), .last_logits = true};
  const auto plain = model.Run(ids_, options);
  ASSERT_TRUE(plain.ok()) << plain.error().message;
  for (const EditKind kind : {EditKind::kScale, EditKind::kCustom,
                              EditKind::kCustomSite, EditKind::kReplace}) {
    options.edits.clear();
    for (const std::string& site : options.sites) {
      if (!CanBeEdited(site)) continue;
      Edit edit{.site = site, .kind = kind};
      if (kind == EditKind::kCustomSite) {
        // (Scores and pattern have no function of the whole site.)
        if (site.ends_with("scores") || site.ends_with("pattern")) continue;
      } else {
        edit.scope.when = EditWhen::kPrompt;
      }
      edit.custom = [](const EditPlace&, std::span<float>) {};
      edit.custom_site = [](std::string_view, std::span<const EditPart>) {};
      if (kind == EditKind::kReplace) edit.values = *plain->Find(site);
      options.edits.push_back(std::move(edit));
    }
    const auto edited = model.Run(ids_, options);
    ASSERT_TRUE(edited.ok()) << edited.error().message;
    ExpectSameTrace(*edited, *plain, std::string(EditKindName(kind)));
  }
}

// Noise on a part of several sites, among other prompts.
TEST_P(FamilyEditTest, ThreadsAndBatchChangeNoBitOfAnEditedRun) {
  std::vector<Edit> edits;
  const Model one = Open(1), three = Open(3);
  for (const std::string& site : AllSites(one)) {
    if (!CanBeEdited(site)) continue;
    Edit edit{.site = site, .kind = EditKind::kNoise, .factor = 0.01f};
    edit.scope.positions = Selection::Of({1, -1});
    edits.push_back(std::move(edit));
  }
  RunOptions options{
      .sites = AllSites(one), .last_logits = true, .edits = edits};
  const auto alone = one.Run(ids_, options);
  ASSERT_TRUE(alone.ok()) << alone.error().message;
  const std::vector<std::vector<TokenId>> batch = {
      ids_, {ids_[1], ids_[0], ids_[1]}, {ids_[2], ids_[2]}};
  const auto together = three.RunBatch(batch, options);
  ASSERT_TRUE(together.ok()) << together.error().message;
  ExpectSameTrace(together->front(), *alone, "batch of three");
  const auto plain = one.Run(ids_, {.last_logits = true});
  ASSERT_TRUE(plain.ok());
  EXPECT_NE(Bits(plain->last_logits), Bits(alone->last_logits));
}

// Keeps what enters each block.
class StateProbe : public Probe {
 public:
  explicit StateProbe(std::size_t n_layers) : states_(n_layers) {}
  bool Wants(SiteKey key) const override {
    return key.point == Point::kResidPre;
  }
  void Visit(SiteKey key, ConstMatrixView value) override {
    Buffer kept(value.rows, value.cols);
    for (std::size_t t = 0; t < value.rows; ++t) {
      std::ranges::copy(value.RowSpan(t), kept.view().Row(t));
    }
    states_[key.layer] = std::move(kept);
  }
  void VisitAttention(SiteKey, std::size_t, std::size_t, std::size_t,
                      ConstMatrixView) override {}
  ConstMatrixView state(std::size_t layer) const {
    return std::as_const(states_[layer]).view();
  }

 private:
  std::vector<Buffer> states_;
};

struct Cell {
  std::size_t layer, position;
  Point point;
};

std::vector<Cell> Cells(const Model::Impl& model, std::size_t tokens) {
  std::vector<Cell> cells;
  const std::size_t last = model.spec.n_layers - 1;
  for (const std::size_t layer : {std::size_t{0}, last}) {
    for (const std::size_t position :
         {std::size_t{0}, tokens / 2, tokens - 1}) {
      for (const Point point : {Point::kResidPre, Point::kZ, Point::kResidPost,
                                Point::kKey, Point::kMlp}) {
        if (model.table.Has({point, layer})) {
          cells.push_back({layer, position, point});
        }
      }
    }
    if (last == 0) break;
  }
  return cells;
}

Edit EditOf(const Model::Impl& model, const Cell& cell, std::size_t prompt) {
  Edit edit{.site = model.table.NameOf({cell.point, cell.layer}),
            .kind = EditKind::kScale,
            .factor = -0.5f};
  edit.scope.positions =
      Selection::Of({static_cast<std::int64_t>(cell.position)});
  edit.scope.prompts = {prompt};
  return edit;
}

TEST_P(FamilyEditTest, ResumedRunsHaveTheBitsOfWholeOnes) {
  const Model opened = Open();
  const Model::Impl& model = opened.impl();
  KvCache cache(model.spec);
  StateProbe states(model.spec.n_layers);
  PackedPrompts base = Pack({&ids_, 1});
  base.caches = {&cache};
  ASSERT_TRUE(RunForward(model.context(), base, {.probe = &states}).ok());

  // All cells in one run, those of lower blocks first.
  const std::vector<Cell> cells = Cells(model, ids_.size());
  std::vector<std::vector<TokenId>> wholes(cells.size(), ids_), ends;
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto begin = static_cast<std::ptrdiff_t>(cells[i].position);
    ends.emplace_back(ids_.begin() + begin, ids_.end());
    edits.push_back(EditOf(model, cells[i], i));
  }
  PackedPrompts packed = Pack(ends);
  Buffer entered(packed.tokens(), model.spec.d_model);
  for (std::size_t i = 0; i < cells.size(); ++i) {
    packed.prefixes.push_back({&cache, cells[i].position});
    packed.start_layers.push_back(cells[i].layer);
    const ConstMatrixView state = states.state(cells[i].layer);
    for (std::size_t t = cells[i].position; t < ids_.size(); ++t) {
      std::ranges::copy(
          state.RowSpan(t),
          entered.view().Row(packed.offsets[i] + t - cells[i].position));
    }
  }
  packed.start_states = entered.view();
  const EditPlan plan = model.PlanEdits(edits, wholes).value();
  EditRun editor(plan, EditedRowsOf(packed));
  const auto resumed = RunForward(model.context(), packed, {.editor = &editor});
  ASSERT_TRUE(resumed.ok()) << resumed.error().message;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    Edit edit = edits[i];
    edit.scope.prompts.clear();
    const EditPlan alone = model.PlanEdits({&edit, 1}, {&ids_, 1}).value();
    const PackedPrompts one = Pack({&ids_, 1});
    EditRun whole_editor(alone, EditedRowsOf(one));
    const auto whole =
        RunForward(model.context(), one, {.editor = &whole_editor});
    ASSERT_TRUE(whole.ok());
    for (std::size_t t = cells[i].position; t < ids_.size(); ++t) {
      ASSERT_EQ(Bits(resumed->residual.view().RowSpan(packed.offsets[i] + t -
                                                      cells[i].position)),
                Bits(whole->residual.view().RowSpan(t)))
          << edit.site << " at " << cells[i].position << ", position " << t;
    }
  }
}

// Behind a cache, edits hold on the tokens that they name.
TEST_P(FamilyEditTest, AnEditedRunInPiecesHasTheBitsOfTheWhole) {
  const Model opened = Open();
  const Model::Impl& model = opened.impl();
  std::vector<Edit> edits;
  for (const std::string& site : AllSites(opened)) {
    if (!CanBeEdited(site)) continue;
    Edit edit{.site = site, .kind = EditKind::kNoise, .factor = 0.02f};
    edits.push_back(std::move(edit));
  }
  const EditPlan plan = model.PlanEdits(edits, {&ids_, 1}).value();
  const PackedPrompts one = Pack({&ids_, 1});
  EditRun whole_editor(plan, EditedRowsOf(one));
  const auto whole =
      RunForward(model.context(), one, {.editor = &whole_editor});
  ASSERT_TRUE(whole.ok()) << whole.error().message;
  KvCache cache(model.spec);
  while (cache.length() < ids_.size()) {
    const std::size_t past = cache.length();
    const std::size_t count =
        std::min<std::size_t>(past == 0 ? 3 : 2, ids_.size() - past);
    const auto begin = ids_.begin() + static_cast<std::ptrdiff_t>(past);
    const std::vector<TokenId> piece(
        begin, begin + static_cast<std::ptrdiff_t>(count));
    PackedPrompts packed = Pack({&piece, 1});
    packed.caches = {&cache};
    packed.whole_lengths = {ids_.size()};
    EditRun editor(plan, EditedRowsOf(packed));
    const auto part = RunForward(model.context(), packed, {.editor = &editor});
    ASSERT_TRUE(part.ok()) << part.error().message;
    for (std::size_t t = 0; t < count; ++t) {
      ASSERT_EQ(Bits(part->residual.view().RowSpan(t)),
                Bits(whole->residual.view().RowSpan(past + t)));
      ASSERT_EQ(Bits(part->logits.view().RowSpan(t)),
                Bits(whole->logits.view().RowSpan(past + t)));
    }
  }
}

}  // namespace
}  // namespace pellucid
