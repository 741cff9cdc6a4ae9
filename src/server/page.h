// What a browser gets at "/": the page that asks the routes of the API for what
// it shows.
#ifndef PELLUCID_SERVER_PAGE_H_
#define PELLUCID_SERVER_PAGE_H_

#include <string>

namespace pellucid::server {

std::string PageHtml();

}  // namespace pellucid::server

#endif  // PELLUCID_SERVER_PAGE_H_
