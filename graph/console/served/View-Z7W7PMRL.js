import{a as e}from"./chunk-YFSPQ3TQ.js";import{j as o,n as r}from"./chunk-W2VQX4GN.js";function a(){return o(e,{heading:r.value.conversations.heading})}export{a as View};
