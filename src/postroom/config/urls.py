"""Which addresses this installation answers: pages, health and the HTTP API."""

from django.urls import include, path

from postroom.api.application import api

urlpatterns = [
    path("api/v1/", api.urls),
    path("", include("postroom.web.urls")),
]
handler400 = "postroom.web.views.errors.bad_request"
handler500 = "postroom.web.views.errors.server_error"
