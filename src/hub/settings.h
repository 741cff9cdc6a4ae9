// Where the hub and its local cache are, and who asks: the environment
// variables of Hugging Face's own programs, so that one setting serves all.
#ifndef PELLUCID_HUB_SETTINGS_H_
#define PELLUCID_HUB_SETTINGS_H_

#include <chrono>
#include <string>

#include "pellucid/result.h"

namespace pellucid::hub {

struct Settings {
  std::string endpoint;  // "https://host[:port]", no '/' at its end
  std::string cache;     // the folder of models--ORG--NAME
  std::string token;     // empty: none. Never in a message
  bool offline = false;
  bool symlinks = true;   // false: files lie in the snapshots themselves
  std::string ca_file;    // certificates to trust; empty: the system's
  std::string ca_folder;  // the same, as a folder
  std::chrono::seconds head_timeout{10};        // for the answer to a HEAD
  std::chrono::seconds download_timeout{10};    // without a byte
  std::chrono::milliseconds retry_delay{1000};  // the first; then twice that
};

// HF_ENDPOINT; HF_HUB_CACHE, HUGGINGFACE_HUB_CACHE, HF_HOME, XDG_CACHE_HOME;
// HF_TOKEN, HUGGING_FACE_HUB_TOKEN, HF_TOKEN_PATH,
// HF_HUB_DISABLE_IMPLICIT_TOKEN; HF_HUB_OFFLINE, TRANSFORMERS_OFFLINE;
// HF_HUB_DISABLE_SYMLINKS; HF_HUB_ETAG_TIMEOUT, HF_HUB_DOWNLOAD_TIMEOUT;
// SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_DIR. kUsage: one
// of them cannot be meant.
Result<Settings> SettingsFromEnvironment();

}  // namespace pellucid::hub

#endif  // PELLUCID_HUB_SETTINGS_H_
