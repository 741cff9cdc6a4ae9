// Module names of a made-up architecture, for tests of the trace layer.
// Small enough that every shape can be written out by hand.
#ifndef PELLUCID_TESTS_TESTUTIL_MODULES_H_
#define PELLUCID_TESTS_TESTUTIL_MODULES_H_

#include "trace/site_table.h"

namespace pellucid::testutil {

// Llama-like names; no rotary module.
inline ModuleNames TinyModules() {
  ModuleNames names;
  names.base = "model";
  names.layers = "layers";
  names.attn = "self_attn";
  names.mlp = "mlp";
  names[Point::kEmbedTokens] = "embed_tokens";
  names[Point::kQuery] = "self_attn.q_proj";
  names[Point::kAttn] = "self_attn";
  names[Point::kGate] = "mlp.gate_proj";
  names[Point::kMlp] = "mlp";
  names[Point::kFinalNorm] = "norm";
  names[Point::kHead] = "lm_head";
  return names;
}

// The same where each head's queries have a norm that is a module.
inline ModuleNames ModulesWithHeads() {
  ModuleNames names = TinyModules();
  names[Point::kQueryNorm] = "self_attn.q_norm";
  names.each_head = {{Point::kQueryNorm, "self_attn.q_norm.norms"}};
  return names;
}

// Two layers, two heads of three dimensions.
inline SiteSizes TinySizes() {
  return {.n_layers = 2,
          .d_model = 6,
          .d_embed = 6,
          .n_heads = 2,
          .n_kv_heads = 1,
          .head_dim = 3,
          .rotary_dim = 3,
          .d_mlp = 5,
          .vocab_size = 11};
}

}  // namespace pellucid::testutil

#endif  // PELLUCID_TESTS_TESTUTIL_MODULES_H_
