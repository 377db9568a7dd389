"""Which pages there are."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path
from django.views.generic import RedirectView

from postroom.web.views import assets, capture, health, messages, preferences, sign_in

urlpatterns = [
    path("healthz", health.health, name="health"),
    path("assets/<slug:version>/<str:name>", assets.asset, name="asset"),
    path("login", sign_in.SignIn.as_view(), name="login"),
    path("logout", login_not_required(LogoutView.as_view(next_page="login")), name="logout"),
    path("preferences", preferences.preferences, name="preferences"),
    path("", RedirectView.as_view(pattern_name="messages"), name="home"),
    path("messages", messages.message_list, name="messages"),
    path("messages/<uuid:message_id>", messages.message, name="message"),
    path("messages/<uuid:message_id>/raw", messages.raw_message, name="message-raw"),
    path("capture", capture.captured_list, name="captured-list"),
    path("capture/<int:capture_id>", capture.captured, name="captured"),
    path("capture/<int:capture_id>/html", capture.captured_html, name="captured-html"),
    path("capture/<int:capture_id>/raw", capture.raw_captured, name="captured-raw"),
    path("capture/<int:capture_id>/files/<int:number>", capture.captured_file, name="captured-file"),
]
