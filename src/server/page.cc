#include "server/page.h"

#include "render/html_page.h"

namespace pellucid::server {

std::string PageHtml() {
  std::string html;
  render::WriteServedPage(render::AppendTo(&html));
  return html;
}

}  // namespace pellucid::server
