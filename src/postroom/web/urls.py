"""Which pages there are."""

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from postroom.web.views import (
    assets,
    audit,
    capture,
    health,
    home,
    invitation,
    local_parts,
    messages,
    metrics,
    password,
    people,
    preferences,
    profile,
    second_factor,
    sign_in,
    steering,
    suppressed,
    unfollow,
)

urlpatterns = [
    path("healthz", health.health, name="health"),
    path("metrics", metrics.metrics, name="metrics"),
    path("assets/<slug:version>/<str:name>", assets.asset, name="asset"),
    path("login", sign_in.SignIn.as_view(), name="login"),
    path("login/code", sign_in.code, name="code"),
    path("password/forgotten", password.forgotten_password, name="forgotten-password"),
    path(
        "password/new/<str:uidb64>/<str:token>", login_not_required(password.NewPassword.as_view()), name="new-password"
    ),
    path("invitations/<str:token>", invitation.invitation, name="invitation"),
    path("unfollow/<str:token>", unfollow.unfollow, name="unfollow"),
    path("logout", login_not_required(LogoutView.as_view(next_page="login")), name="logout"),
    path("profile", profile.profile, name="profile"),
    path("profile/password", password.password, name="password"),
    path("profile/second-factor", second_factor.second_factor_page, name="second-factor"),
    path("profile/sessions", profile.sessions, name="sessions"),
    path("settings/users", people.people_page, name="people"),
    path("settings/users/<int:membership_id>", people.person, name="person"),
    path("settings/users/<int:membership_id>/remove", people.remove_person, name="person-remove"),
    path(
        "settings/invitations/<int:invitation_id>/take-back", people.take_back_invitation, name="invitation-take-back"
    ),
    path("settings/local-part-values", local_parts.local_parts, name="local-parts"),
    path("settings/audit-log", audit.audit_log, name="audit-log"),
    path("preferences", preferences.preferences, name="preferences"),
    path("", home.home, name="home"),
    path("flow", home.home_flow, name="home-flow"),
    path("messages", messages.message_list, name="messages"),
    path("messages/steer", steering.steer_many, name="messages-steer"),
    path("messages/steered", steering.steered, name="messages-steered"),
    path("messages/<uuid:message_id>", messages.message, name="message"),
    path("messages/<uuid:message_id>/raw", messages.raw_message, name="message-raw"),
    path("messages/<uuid:message_id>/html", messages.message_html, name="message-html"),
    path("messages/<uuid:message_id>/again", messages.message_again, name="message-again"),
    path("messages/<uuid:message_id>/steer", steering.steer_message, name="message-steer"),
    path("suppressed", suppressed.suppressed_list, name="suppressed"),
    path("suppressed/table", suppressed.table, name="suppressed-table"),
    path("suppressed/address", suppressed.address, name="suppression-of"),
    path("capture", capture.captured_list, name="captured-list"),
    path("capture/<int:capture_id>", capture.captured, name="captured"),
    path("capture/<int:capture_id>/html", capture.captured_html, name="captured-html"),
    path("capture/<int:capture_id>/raw", capture.raw_captured, name="captured-raw"),
    path("capture/<int:capture_id>/files/<int:number>", capture.captured_file, name="captured-file"),
]
