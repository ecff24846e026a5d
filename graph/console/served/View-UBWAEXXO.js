import{a as e}from"./chunk-X4VSFQI2.js";import{o,u as r}from"./chunk-7J776EMA.js";function a(){return o(e,{heading:r.value.conversations.heading})}export{a as View};
