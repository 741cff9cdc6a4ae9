#include "model/recorded_run.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/float_environment.h"

namespace pellucid {
namespace {

using Points = std::array<bool, kPointCount>;

Points PointsOf(const ArchSpec& spec, const LayerWeights& w) {
  Points wanted = {};
  for (const Point point : RecordedPoints(spec, w)) {
    wanted[static_cast<std::size_t>(point)] = true;
  }
  return wanted;
}

// Keeps what derivatives read of one block.
class BlockRecorder : public Probe {
 public:
  BlockRecorder(const ForwardContext& context, std::size_t layer,
                BlockRecord& record)
      : layer_(layer),
        wanted_(PointsOf(context.spec, context.weights.layers[layer])),
        record_(record) {}

  bool Wants(SiteKey key) const override {
    return IsPerLayer(key.point) && key.layer == layer_ &&
           wanted_[static_cast<std::size_t>(key.point)];
  }
  void Visit(SiteKey key, ConstMatrixView value) override {
    record_.Keep(key.point, value);
  }
  void VisitAttention(SiteKey, std::size_t, std::size_t, std::size_t,
                      ConstMatrixView) override {}

 private:
  const std::size_t layer_;
  const Points wanted_;
  BlockRecord& record_;
};

// The first block of those that `max_bytes` has room for: the last ones, which
// are asked for first.
std::size_t FirstKept(const ForwardContext& context, std::size_t tokens,
                      std::size_t max_bytes) {
  std::size_t left = max_bytes / sizeof(float) / tokens;
  std::size_t first = context.spec.n_layers;
  while (first > 0) {
    const std::size_t floats =
        RecordFloats(context.spec, context.weights.layers[first - 1]);
    if (floats > left) break;
    left -= floats;
    --first;
  }
  return first;
}

}  // namespace

// Keeps what derivatives read of blocks from first_kept_ on, and of those
// before what enters them. That is looked at where it leaves the block before:
// an edit of Point::kResidPre is made again with the block.
class RecordedRun::Recorder : public Probe {
 public:
  Recorder(RecordedRun& run, Probe* other) : run_(run), other_(other) {
    const ForwardContext& c = run.context_;
    for (std::size_t l = run.first_kept_; l < c.spec.n_layers; ++l) {
      blocks_.emplace_back(c, l, run.blocks_[l]);
    }
  }

  bool Wants(SiteKey key) const override {
    return Keeps(key) || OtherWants(key);
  }

  void Visit(SiteKey key, ConstMatrixView value) override {
    if (OtherWants(key)) other_->Visit(key, value);
    if (!Keeps(key)) return;
    if (const std::size_t l = Entered(key); l < run_.first_kept_) {
      run_.blocks_[l].Keep(kEntering, value);
    } else if (IsPerLayer(key.point)) {
      run_.blocks_[key.layer].Keep(key.point, value);
    } else {
      run_.embedding_.Keep(key.point, value);
    }
  }

  void VisitAttention(SiteKey key, std::size_t prompt, std::size_t head,
                      std::size_t first, ConstMatrixView rows) override {
    other_->VisitAttention(key, prompt, head, first, rows);
  }

 private:
  static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

  bool OtherWants(SiteKey key) const {
    return other_ != nullptr && other_->Wants(key);
  }
  bool Keeps(SiteKey key) const {
    if (Entered(key) < run_.first_kept_) return true;
    if (!IsPerLayer(key.point)) {
      return key.point == Point::kEmbedTokens ||
             key.point == Point::kProjectIn || key.point == Point::kPosEmbed;
    }
    return key.layer >= run_.first_kept_ && BlockOf(key).Wants(key);
  }

  // The block that the value of a point enters.
  static std::size_t Entered(SiteKey key) {
    if (key.point == Point::kEmbed) return 0;
    return key.point == Point::kResidPost ? key.layer + 1 : kNone;
  }
  const BlockRecorder& BlockOf(SiteKey key) const {
    return blocks_[key.layer - run_.first_kept_];
  }

  RecordedRun& run_;
  Probe* const other_;
  std::vector<BlockRecorder> blocks_;
};

Result<RecordedRun> RecordedRun::Make(const ForwardContext& context,
                                      PackedPrompts prompts,
                                      const RecordOptions& options) {
  assert(prompts.caches.empty() && prompts.prefixes.empty() &&
         prompts.start_layers.empty());
  RecordedRun run(context, std::move(prompts), options.editor);
  run.first_kept_ =
      FirstKept(context, run.prompts_.tokens(), options.max_bytes);
  run.blocks_ = std::vector<BlockRecord>(context.spec.n_layers);
  Recorder recorder(run, options.probe);
  PELLUCID_ASSIGN_OR_RETURN(run.done_,
                            RunForward(context, run.prompts_,
                                       {.probe = &recorder,
                                        .editor = options.editor,
                                        .stop = options.stop,
                                        .progress = options.progress}));
  return run;
}

Result<const BlockRecord*> RecordedRun::Block(
    std::size_t layer, BlockRecord& room, const std::stop_token& stop) const {
  if (layer >= first_kept_) return &blocks_[layer];
  PackedPrompts again = prompts_;
  again.start_layers.assign(again.count(), layer);
  again.start_states = blocks_[layer][kEntering];
  BlockRecorder recorder(context_, layer, room);
  PELLUCID_RETURN_IF_ERROR(RunForward(context_, again,
                                      {.probe = &recorder,
                                       .editor = editor_,
                                       .end_layer = layer + 1,
                                       .stop = stop}));
  return &room;
}

}  // namespace pellucid
