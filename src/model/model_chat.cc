// ChatTemplate::Of (pellucid/chat.h), which knows the files of a model.
#include "model/model_impl.h"
#include "pellucid/chat.h"

namespace pellucid {

Result<ChatTemplate> ChatTemplate::Of(const Model& model) {
  return model.impl().checkpoint.ReadChatTemplate();
}

}  // namespace pellucid
